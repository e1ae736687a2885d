// Asks whoever sits in front of the page to load it again, once every ticket has expired.
//
// A native modal `<dialog>`: the browser keeps the focus inside, gives it back afterwards, and closes on
// Escape. Its style is a constructed sheet in a shadow tree, which a Content-Security-Policy without
// 'unsafe-inline' lets be and the page's own style does not reach; its elements are built one by one, which
// Trusted Types let be.

/** What it says; hand `showReloadPrompt` your own words for another language. */
export const TEXTS = Object.freeze({
    title: 'This page has expired',
    text: 'It was open for too long, and can send nothing more. '
        + 'Load it again to go on. Anything on it that is not saved yet will be lost.',
    reload: 'Load again',
    dismiss: 'Not now',
});

/**
 * Shows the dialog. It does not load the page again itself.
 *
 * @param {object} [options]
 * @param {Partial<Record<keyof typeof TEXTS, string>>} [options.texts]
 * @param {Document} [options.document]
 * @returns {Promise<'reload'|'dismiss'>} what was chosen; Escape is `dismiss`
 */
export function showReloadPrompt({ texts, document = globalThis.document } = {}) {
    const words = { ...TEXTS, ...texts };
    /**
     * @template {keyof HTMLElementTagNameMap} N
     * @param {N} name
     * @param {Partial<HTMLElementTagNameMap[N]>} properties
     * @param {(Node | string)[]} children
     */
    const element = (name, properties, ...children) => {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    };

    // A form with method `dialog` closes it, and says by which button.
    // The title has the focus first: whoever is typing when the dialog comes up must choose nothing by it.
    const title = element('h2', { id: 'title', tabIndex: -1, autofocus: true }, words.title);
    const text = element('p', { id: 'text' }, words.text);
    const form = element('form', { method: 'dialog' },
        element('button', { value: 'dismiss' }, words.dismiss),
        element('button', { value: 'reload', className: 'main' }, words.reload),
    );
    const dialog = element('dialog', {}, title, text, form);
    dialog.setAttribute('role', 'alertdialog');
    dialog.setAttribute('aria-labelledby', title.id);
    dialog.setAttribute('aria-describedby', text.id);

    const host = document.createElement('countersign-prompt');
    const tree = host.attachShadow({ mode: 'open' });
    const { CSSStyleSheet } = document.defaultView ?? globalThis;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    tree.adoptedStyleSheets = [sheet];
    tree.append(dialog);
    document.body.append(host);

    return new Promise(resolve => {
        dialog.addEventListener('close', () => {
            host.remove();
            resolve(dialog.returnValue === 'reload' ? 'reload' : 'dismiss');
        }, { once: true });
        dialog.showModal();
    });
}

const STYLE = `
:host {
    all: initial;
    color-scheme: light dark;
    --surface: #ffffff;
    --ink: #1c1f23;
    --quiet: #4a5058;
    --line: #878e96;
    --accent: #1457b0;
    --on-accent: #ffffff;
}
@media (prefers-color-scheme: dark) {
    :host {
        --surface: #23262b;
        --ink: #f1f3f5;
        --quiet: #c3c9d0;
        --line: #767d86;
        --accent: #8bb8f5;
        --on-accent: #10233d;
    }
}
dialog {
    box-sizing: border-box;
    inline-size: min(28rem, 100vw - 2rem);
    max-block-size: calc(100dvh - 2rem);
    overflow: auto;
    padding: 1.5rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--surface);
    color: var(--ink);
    font: 1rem/1.5 system-ui, sans-serif;
    box-shadow: 0 1rem 3rem rgb(0 0 0 / 0.35);
}
dialog::backdrop {
    background: rgb(0 0 0 / 0.55);
}
h2 {
    margin: 0 0 0.5rem;
    font-size: 1.25rem;
    line-height: 1.3;
    outline: none;
}
p {
    margin: 0 0 1.5rem;
    color: var(--quiet);
}
form {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 0.75rem;
}
button {
    flex: 0 1 auto;
    min-block-size: 2.75rem;
    padding: 0.5rem 1.25rem;
    border: 1px solid var(--line);
    border-radius: 0.5rem;
    background: transparent;
    color: inherit;
    font: inherit;
    cursor: pointer;
}
button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
}
button:hover {
    border-color: var(--ink);
}
button:focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
}
@media (max-width: 30rem) {
    form {
        flex-direction: column;
    }
}
@media (prefers-reduced-motion: no-preference) {
    dialog[open] {
        animation: appear 0.15s ease-out;
    }
    @keyframes appear {
        from { opacity: 0; transform: translateY(0.5rem); }
    }
}
@media (forced-colors: active) {
    button:focus-visible {
        outline-color: Highlight;
    }
}
`;
