// Forms: those of the page, those that come later, and those in shadow roots. A form's inputs may be named like its
// methods, and a page's pictures like its document's: everything is asked of the prototypes.

import { getter, ownerDocument } from '../page-source.js';

/**
 * @typedef {import('./patch.js').Link} Link
 * @typedef {import('../types.js').Ticket} Ticket
 */

/** Marks fields that are ours, or the gateway's. */
const MARK = 'data-csrf';

/** @param {Link} link */
export function patchForms(link) {
    const { prototype } = HTMLFormElement;
    const { submit, requestSubmit } = prototype;
    const { prepend, getAttribute } = Element.prototype;
    const { contains, getRootNode } = Node.prototype;
    const elements = getter(HTMLFormElement, 'elements');

    /** @type {WeakMap<HTMLFormElement, HTMLElement | null | undefined>} */
    const submitters = new WeakMap();
    /** Fields that we have made. @type {WeakSet<Element>} */
    const made = new WeakSet();
    /** Fields that have been sent. @type {WeakSet<Element>} */
    const sent = new WeakSet();
    /** Forms that are submitted once more, and what they waited for. @type {Map<Element, Ticket | undefined>} */
    const again = new Map();
    let restored = false;

    /** What the form needs where it goes. @param {HTMLFormElement} form */
    const needOf = form => {
        const { keeper } = link;
        const submitter = submitters.get(form);
        /** @param {string} name @returns {string} */
        const said = name => (submitter && getAttribute.call(submitter, 'form' + name)) ?? getAttribute.call(form, name) ?? '';
        // In another document another `<base>` may count.
        const here = ownerDocument(form) === document;
        const goes = keeper?.field && here && /^post$/i.test(said('method'));
        return goes ? keeper.need('POST', said('action') || location.href) : 'none';
    };
    /** @param {HTMLFormElement} form @returns {HTMLInputElement[]} */
    const fields = form => [...elements(form)].filter(input => input.name === link.keeper?.field);
    /** @param {HTMLFormElement} form */
    const strip = form => {
        const ours = fields(form).filter(input => input.hasAttribute(MARK));
        ours.forEach(input => input.remove());
        return ours.length > 0;
    };
    /** @param {Element} input */
    const isStale = input => made.has(input) && (!link.keeper?.document.token?.once || sent.has(input))
        || restored && sent.has(input);

    /** Whether the form has all that it needs. @param {HTMLFormElement} form */
    const fill = form => {
        const need = needOf(form);
        if (need === 'none') {
            strip(form);
            return true;
        }
        /** @type {HTMLInputElement | undefined} */
        let input = fields(form)[0];
        if (input?.hasAttribute(MARK) && isStale(input)) {
            input.remove();
            input = undefined;
        }
        if (!input) {
            const ticket = again.get(form) ?? link.keeper?.takeNow();
            if (!ticket) {
                return need === 'either';
            }
            input = document.createElement('input');
            Object.assign(input, { type: 'hidden', name: link.keeper?.field, value: ticket.value });
            input.setAttribute(MARK, '');
            made.add(input);
        }
        // First, so that no long file stands before it.
        if (input.value && input.hasAttribute(MARK)) {
            prepend.call(form, input);
        }
        return true;
    };

    /** @param {SubmitEvent} event */
    const first = event => {
        const { target: form, submitter } = event;
        if (form instanceof HTMLFormElement) {
            submitters.set(form, submitter);
            fill(form);
            // Handlers have seen it already.
            if (again.has(form)) {
                event.stopImmediatePropagation();
            }
        }
    };
    // What handlers in between have changed counts too.
    /** @param {SubmitEvent} event */
    const last = event => {
        const { target: form, submitter } = event;
        if (!(form instanceof HTMLFormElement) || fill(form) || event.defaultPrevented) {
            return;
        }
        event.preventDefault();
        later(form, () => requestSubmit.call(form, submitter));
    };
    /** @param {HTMLFormElement} form @param {() => void} submits */
    // In a task of its own: while the events of one submission are fired, a browser begins no other.
    const later = (form, submits) => link.keeper?.take(location.href).then(ticket => setTimeout(() => {
        again.set(form, ticket);
        submits();
        again.delete(form);
    }));
    /** @param {FormDataEvent} event */
    const data = ({ target: form, formData }) => {
        if (!(form instanceof HTMLFormElement)) {
            return;
        }
        // A handler may have sent the form elsewhere and stopped the event.
        if (needOf(form) === 'none' && strip(form)) {
            formData.delete(/** @type {string} */ (link.keeper?.field));
        }
        fields(form).forEach(input => sent.add(input));
    };

    // Events of a form stay within its shadow root. Listening once more changes nothing.
    /** @template {EventTarget} T @param {T} root */
    const watch = root => {
        if (root instanceof Window || root instanceof ShadowRoot) {
            root.addEventListener('submit', /** @type {any} */ (first), { capture: true, signal: link.signal });
            root.addEventListener('submit', /** @type {any} */ (last), link);
            root.addEventListener('formdata', /** @type {any} */ (data), { capture: true, signal: link.signal });
            // Firefox goes where the form says when its handlers have seen the data.
            root.addEventListener('formdata', /** @type {any} */ (data), link);
        }
        return root;
    };
    watch(window);
    link.replace(Element.prototype, 'attachShadow', native => /** @this {Element} */ function (init) {
        return watch(native.call(this, init));
    });
    // Roots that the page's markup has made are seen when somebody comes near.
    for (const type of ['focusin', 'click']) {
        addEventListener(type, event => {
            event.composedPath().forEach(watch);
        }, { capture: true, signal: link.signal });
    }
    addEventListener('pageshow', ({ persisted }) => {
        // Somebody may have logged in or out while the page was away, and what a form has sent is spent.
        if (persisted) {
            restored = true;
            link.keeper?.drop();
        }
    }, link);

    link.replace(prototype, 'requestSubmit', () => /** @this {HTMLFormElement} */ function (submitter) {
        watch(getRootNode.call(this));
        requestSubmit.call(this, submitter);
    });
    link.replace(prototype, 'submit', () => /** @this {HTMLFormElement} */ function () {
        submitters.delete(this);
        if (fill(this)) {
            submit.call(this);
            return;
        }
        later(this, () => {
            fill(this);
            // A script that makes a form, sends it and clears it away does so in one go.
            const gone = !contains.call(document, this);
            if (gone) {
                document.body.append(this);
            }
            submit.call(this);
            if (gone) {
                Element.prototype.remove.call(this);
            }
        });
    });
}
