// Ways in which a page at the gateway's origin can send something elsewhere. The functions run in the page;
// `at` is the place that the request must reach, `there` the origin of that place.

/** By name. */
export const WAYS = {
    // Scripts.
    'fetch': ({ at }) => fetch(at, { method: 'POST', body: 'x' }),
    'fetch with cookies': ({ at }) => fetch(at, { method: 'POST', credentials: 'include' }),
    'fetch without CORS': ({ at }) => fetch(at, { method: 'POST', mode: 'no-cors' }),
    'fetch of a URL object': ({ at }) => fetch(new URL(at), { method: 'PUT' }),
    'fetch of a Request': ({ at }) => fetch(new Request(at, { method: 'DELETE' })),
    'fetch of a Request that names itself otherwise': ({ at }) => {
        const request = new Request(at, { method: 'POST' });
        Object.defineProperty(request, 'url', { value: location.origin });
        return fetch(request);
    },
    'fetch of a Request with a foreign one as its options': ({ at }) =>
        fetch(at, new Request('/own', { method: 'POST' })),
    'fetch of what is read differently each time': ({ at }) => {
        let reads = 0;
        return fetch({ toString: () => (reads++ ? '/own' : at) }, { method: 'POST' });
    },
    'fetch by a method that is read differently each time': ({ at }) => {
        let reads = 0;
        return fetch(at, { get method() { return reads++ ? 'GET' : 'POST'; } });
    },
    'fetch without a scheme': ({ at }) => fetch(at.replace('http:', ''), { method: 'POST' }),
    'fetch with backslashes': ({ at }) => fetch(at.replace('http://', '\\\\'), { method: 'POST' }),
    'fetch with slashes missing': ({ at }) => fetch(at.replace('http://', 'http:///'), { method: 'POST' }),
    'fetch with space in the URL': ({ at }) => fetch(` \t${at.replace('http', 'ht\ntp')}\n`, { method: 'POST' }),
    'fetch by another name of this machine': ({ at }) =>
        fetch(at.replace('127.0.0.1', 'localhost'), { method: 'POST' }),
    'fetch against a base': ({ at, there }) => {
        document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        return fetch(new URL(at).pathname.slice(1), { method: 'POST' });
    },
    'fetch of a frame': ({ at }) => document.querySelector('iframe').contentWindow.fetch(at, { method: 'POST' }),
    'this fetch, called for a frame': ({ at }) =>
        fetch.call(document.querySelector('iframe').contentWindow, at, { method: 'POST' }),
    'XMLHttpRequest': ({ at }) => {
        const request = new XMLHttpRequest();
        request.open('POST', at);
        request.send('x');
    },
    'XMLHttpRequest with credentials': ({ at }) => {
        const request = new XMLHttpRequest();
        request.withCredentials = true;
        request.open('PUT', at);
        request.send('x');
    },
    'XMLHttpRequest without a scheme': ({ at }) => {
        const request = new XMLHttpRequest();
        request.open('POST', at.replace('http:', ''));
        request.send();
    },
    'XMLHttpRequest, opened here and again there': ({ at }) => {
        const request = new XMLHttpRequest();
        request.open('POST', '/own');
        request.open('POST', at);
        request.send('x');
    },
    'XMLHttpRequest of what is read differently each time': ({ at }) => {
        const request = new XMLHttpRequest();
        let reads = 0;
        request.open('POST', { toString: () => (reads++ ? '/own' : at) });
        request.send('x');
    },
    'XMLHttpRequest against a base': ({ at, there }) => {
        document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        const request = new XMLHttpRequest();
        request.open('POST', new URL(at).pathname.slice(1));
        request.send('x');
    },
    'a beacon': ({ at }) => navigator.sendBeacon(at, 'x'),
    'server-sent events': ({ at }) => { new EventSource(at); },
    'a WebSocket': ({ at }) => { new WebSocket(at.replace('http', 'ws')); },
    'a picture': ({ at }) => { new Image().src = at; },
    'a worker': ({ at }) => {
        const script = `fetch(${JSON.stringify(at)}, { method: 'POST' })`;
        new Worker(URL.createObjectURL(new Blob([script])));
    },

    // Forms that a script makes.
    'a form, asked to submit': ({ at, form }) => form(`action="${at}"`).requestSubmit(),
    'a form, submitted': ({ at, form }) => form(`action="${at}"`).submit(),
    'a form by its own method': ({ at, form }) =>
        HTMLFormElement.prototype.submit.call(form(`action="${at}"`, '<input name="submit">')),
    'a form without a scheme': ({ at, form }) => form(`action="${at.replace('http:', '')}"`).submit(),
    'a form with backslashes': ({ at, form }) =>
        form(`action="${at.replace('http://', '\\\\')}"`).requestSubmit(),
    'a form with a user before the host': ({ at, form }) =>
        form(`target="_blank" action="${at.replace('http://', `http://${location.hostname}@`)}"`).requestSubmit(),
    'a form with a field of the token\'s name': ({ at, form }) =>
        form(`action="${at}"`, '<input name="csrf_token" value="theirs">').requestSubmit(),
    'a form against a base': ({ at, there, form }) => {
        document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        form(`action="${new URL(at).pathname.slice(1)}"`).requestSubmit();
    },
    'a form, asked to submit by a button that sends it there': ({ at, form }) => {
        const made = form('action="/own"', `<button formaction="${at}">x</button>`);
        made.requestSubmit(made.querySelector('button'));
    },
    'a form, a button of which is clicked': ({ at, form }) =>
        form('action="/own"', `<button formaction="${at}">x</button>`).querySelector('button').click(),
    'a form, a picture of which is clicked': ({ at, form }) =>
        form('action="/own"', `<input type="image" formaction="${at}">`).querySelector('[type="image"]').click(),
    'a form, a button elsewhere of which is clicked': ({ at, form }) => {
        form('id="made" action="/own"');
        document.body.insertAdjacentHTML('beforeend', `<button form="made" formaction="${at}">x</button>`);
        document.body.lastElementChild.click();
    },
    'a form that a handler sends there': ({ at, form }) => {
        const made = form('action="/own"');
        made.addEventListener('submit', () => made.setAttribute('action', at));
        made.requestSubmit();
    },
    'a form that a handler sends there and tells nobody': ({ at, form }) => {
        const made = form('action="/own"');
        made.addEventListener('submit', event => {
            made.setAttribute('action', at);
            event.stopImmediatePropagation();
        });
        made.requestSubmit();
    },
    'a form that was here before': ({ at, form }) => {
        const made = form('action="/own"');
        made.requestSubmit();
        made.setAttribute('action', at);
        made.submit();
    },
    'a form whose inputs are named like what a script asks for': ({ at, form }) => {
        const names = ['action', 'method', 'elements', 'getAttribute', 'appendChild', 'ownerDocument', 'baseURI'];
        const inputs = names.map(name => `<input name="${name}" value="/own">`).join('');
        HTMLFormElement.prototype.requestSubmit.call(form(`action="${at}"`, inputs));
    },
    'a form in a page where pictures are named like what a script asks for': ({ at, there, form }) => {
        document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        document.body.insertAdjacentHTML('beforeend', '<img name="baseURI"><img name="location">');
        form(`action="${new URL(at).pathname.slice(1)}"`).requestSubmit();
    },
    'a form by GET': ({ at, form }) => form(`action="${at}" method="get"`).requestSubmit(),

    // The page's own form, which has its field already.
    'the page\'s form, turned away': ({ at }) => {
        document.forms.placed.setAttribute('action', at);
        document.forms.placed.requestSubmit();
    },
    'the page\'s form, turned away and submitted': ({ at }) => {
        document.forms.placed.setAttribute('action', at);
        document.forms.placed.submit();
    },
    'the page\'s form, turned away by a handler': ({ at }) => {
        document.forms.placed.addEventListener('submit', ({ target }) => target.setAttribute('action', at));
        document.querySelector('#placed button').click();
    },
    'the page\'s form, turned away by a handler that tells nobody': ({ at }) => {
        document.forms.placed.addEventListener('submit', event => {
            event.target.setAttribute('action', at);
            event.stopPropagation();
        });
        document.querySelector('#placed button').click();
    },
    'the page\'s form, with a new button': ({ at }) => {
        document.forms.placed.insertAdjacentHTML('beforeend', `<button formaction="${at}">x</button>`);
        document.forms.placed.lastElementChild.click();
    },
    'the page\'s form, with a new base': ({ at, there }) => {
        document.forms.placed.setAttribute('action', new URL(at).pathname.slice(1));
        document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        document.querySelector('#placed button').click();
    },
    'the page\'s form, by GET': ({ at }) => {
        Object.assign(document.forms.placed, { action: at, method: 'get' }).requestSubmit();
    },
    'a form that goes elsewhere by itself': () => document.querySelector('#elsewhere button').click(),
    'a button that sends its form elsewhere by itself': () => document.querySelector('#turned button').click(),

    // Frames.
    'a form that has moved to a frame with a base': ({ at, there, form }) => {
        const frame = document.querySelector('iframe').contentDocument;
        frame.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        frame.body.append(form(`action="${new URL(at).pathname.slice(1)}"`));
        HTMLFormElement.prototype.submit.call(frame.forms[0]);
    },
    'the page\'s form, moved to a frame with a base': ({ at, there }) => {
        const frame = document.querySelector('iframe').contentDocument;
        frame.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
        const { placed } = document.forms;
        placed.setAttribute('action', new URL(at).pathname.slice(1));
        frame.body.append(placed);
        HTMLFormElement.prototype.submit.call(placed);
    },
    'a frame with a page of its own': ({ at, frame }) =>
        frame({ srcdoc: `<form method="post" action="${at}"></form><script>document.forms[0].submit()</script>` }),
    'a frame whose page is in its address': ({ at, frame }) =>
        frame({ src: `data:text/html,<script>fetch("${at}",{method:"POST",mode:"no-cors"})</script>` }),
    'a frame whose page is a blob': ({ at, frame }) => {
        const page = `<form method="post" action="${at}"></form><script>document.forms[0].submit()</script>`;
        frame({ src: URL.createObjectURL(new Blob([page], { type: 'text/html' })) });
    },
    'a frame whose address is a script': ({ at, frame }) =>
        frame({ src: `javascript:fetch("${at}",{method:"POST"})` }),
    'a frame that calls its parent': ({ at, frame }) =>
        frame({ srcdoc: `<script>parent.fetch("${at}", { method: "POST" })</script>` }),
    'a form whose address is a script': ({ at, form }) =>
        form(`action="javascript:parent.fetch('${at}',{method:'POST'})"`).requestSubmit(),
};

/** Runs in the page: what the ways have in common. */
export function attempt([way, there, at]) {
    const add = html => {
        document.body.insertAdjacentHTML('beforeend', html);
        return document.body.lastElementChild;
    };
    const form = (attributes, inside = '') =>
        add(`<form ${attributes} method="post" target="frame"><input name="a" value="b">${inside}</form>`);
    const frame = properties => document.body.append(Object.assign(document.createElement('iframe'), properties));
    // What a page elsewhere answers is of no matter.
    return Promise.resolve((0, eval)(`(${way})`)({ at, there, form, frame })).then(() => {}, () => {});
}
