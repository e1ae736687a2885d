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
    /**
     * What fields of ours will say. The fields themselves are empty: a form that is turned away at the last moment takes
     * them along. It goes into the data that is sent, when all others have seen that.
     * @type {WeakMap<Element, string>}
     */
    const values = new WeakMap();
    /** Fields that have been sent. @type {WeakSet<Element>} */
    const sent = new WeakSet();
    /** Forms that are submitted once more, and what they waited for. @type {Map<Element, Ticket | undefined>} */
    const again = new Map();

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
    /** What may be had again for nothing is; of a session that is no more, it would be of no use. @param {Element} input */
    const isStale = input => (link.keeper?.document.token?.once ? sent : values).has(input);

    /** Whether the form has all that it needs. @param {HTMLFormElement} form */
    const fill = form => {
        const need = needOf(form);
        const [before] = fields(form);
        strip(form);
        // What is left is a field of the page's own.
        if (need === 'none' || fields(form).length) {
            return true;
        }
        const kept = before && !isStale(before) && (values.get(before) ?? before.value);
        const value = kept || (again.get(form) ?? link.keeper?.takeNow())?.value;
        if (!value) {
            return need === 'either';
        }
        const input = document.createElement('input');
        Object.assign(input, { type: 'hidden', name: link.keeper?.field });
        input.setAttribute(MARK, '');
        values.set(input, value);
        // First, so that no long file stands before it.
        prepend.call(form, input);
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
    // A browser may go where the form says when the handlers of its data have had their turn: Firefox does. Where one of
    // them keeps the event from us, no token is sent.
    /** @param {FormDataEvent} event */
    const data = ({ target: form, formData }) => {
        if (!(form instanceof HTMLFormElement)) {
            return;
        }
        if (needOf(form) === 'none' && strip(form)) {
            formData.delete(/** @type {string} */ (link.keeper?.field));
        }
        fields(form).forEach(input => {
            const value = values.get(input);
            if (value) {
                formData.set(input.name, value);
            }
            sent.add(input);
        });
    };
    // Whoever listens last is asked last.
    /** @param {Event} event */
    const listenLast = ({ currentTarget: root }) => {
        root?.removeEventListener('formdata', /** @type {any} */ (data));
        root?.addEventListener('formdata', /** @type {any} */ (data), link);
    };

    // Events of a form stay within its shadow root. Listening once more changes nothing.
    /** @template {EventTarget} T @param {T} root */
    const watch = root => {
        if (root instanceof Window || root instanceof ShadowRoot) {
            root.addEventListener('submit', /** @type {any} */ (first), { capture: true, signal: link.signal });
            root.addEventListener('submit', /** @type {any} */ (last), link);
            root.addEventListener('formdata', listenLast, { capture: true, signal: link.signal });
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
        // Somebody may have logged in or out while the page was away.
        if (persisted) {
            link.keeper?.drop();
        }
    }, link);

    link.replace(prototype, 'requestSubmit', () => /** @this {HTMLFormElement} */ function (submitter) {
        watch(getRootNode.call(this));
        requestSubmit.call(this, submitter);
    });
    link.replace(prototype, 'submit', () => /** @this {HTMLFormElement} */ function () {
        submitters.delete(this);
        watch(getRootNode.call(this));
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
