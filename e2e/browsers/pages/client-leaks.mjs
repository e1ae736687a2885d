// More ways in which a page can send something elsewhere: tricks with URLs, with what scripts may replace, and
// with the moment at which they do. As in gateway-leaks.mjs; `away(at, status)` is a place of the app's own that
// sends on to `at`, and `xhr` is fulfilled when the request has ended.

/** Which must reach the place. */
export const REACHING = {
    // URLs.
    'fetch with the scheme in capitals': ({ at }) => fetch(at.replace('http', 'HTTP'), { method: 'POST' }),
    'XMLHttpRequest with the scheme in capitals': ({ at, xhr }) => xhr('POST', at.replace('http', 'HtTp')),
    'XMLHttpRequest with backslashes': ({ at, xhr }) => xhr('POST', at.replace('http://', '\\\\')),
    'XMLHttpRequest with slashes mixed': ({ at, xhr }) => xhr('POST', at.replace('http://', '/\\')),
    'XMLHttpRequest with slashes missing': ({ at, xhr }) => xhr('POST', at.replace('http://', 'http:///')),
    'XMLHttpRequest with space in the URL': ({ at, xhr }) =>
        xhr('POST', `\n ${at.replace('http', 'h\tt\rt\np')}\t`),
    'XMLHttpRequest with this origin as the user': ({ at, xhr }) =>
        xhr('POST', at.replace('http://', `${location.origin.replace(/:(\d)/, '%3A$1')}@`)),
    'fetch with a host in full width': ({ at }) => fetch(at.replaceAll('.', '。'), { method: 'POST' }),
    'fetch with another spelling of the address': ({ at }) =>
        fetch(at.replace('127.0.0.1', '0x7f.1'), { method: 'POST' }),
    'fetch with this origin in path, query and fragment': ({ at }) =>
        fetch(`${at}/${location.origin}?${location.origin}#${location.origin}`, { method: 'POST' }),
    'fetch without a scheme, after the address was changed': ({ at }) => {
        history.pushState(null, '', '/a/b//c');
        return fetch(at.replace('http:', ''), { method: 'POST' });
    },
    'a beacon with backslashes': ({ at }) => navigator.sendBeacon(at.replace('http://', '\\\\'), 'x'),
    'a beacon to what is read differently each time': ({ at }) => {
        let reads = 0;
        navigator.sendBeacon({ toString: () => (reads++ ? '/own' : at) }, 'x');
    },
    'a WebSocket to a URL object': ({ at }) => { new WebSocket(new URL(at.replace('http', 'ws'))); },
    'a WebSocket without a scheme': ({ at }) => { new WebSocket(at.replace('http:', '')); },
    'a WebSocket to what is read differently each time': ({ at, there }) => {
        const own = location.origin.replace('http', 'ws');
        let reads = 0;
        new WebSocket({ toString: () => (reads++ ? own : at.replace(there, there.replace('http', 'ws'))) });
    },
    'a WebSocket of a class that says otherwise': ({ at }) => {
        new (class extends WebSocket { get url() { return location.origin; } })(at.replace('http', 'ws'));
    },

    // Objects that say one thing and are another.
    'fetch of a Request of a class that says otherwise': ({ at }) =>
        fetch(new (class extends Request { get url() { return location.href; } })(at, { method: 'POST' })),
    'fetch of a URL that prints otherwise': ({ at }) => {
        const url = new URL('/own', location.href);
        url.toString = () => at;
        return fetch(url, { method: 'POST' });
    },
    'fetch of a URL that prints otherwise by its symbol': ({ at }) => {
        const url = new URL('/own', location.href);
        url[Symbol.toPrimitive] = () => at;
        return fetch(url, { method: 'POST' });
    },
    'fetch of a proxy of a URL': ({ at }) => {
        const url = new URL('/own', location.href);
        const lie = (target, name) => (name === 'toString' ? () => at : Reflect.get(target, name, target));
        return fetch(new Proxy(url, { get: lie }), { method: 'POST' });
    },
    'fetch of a copy of a Request': ({ at }) => fetch(new Request(at, { method: 'POST' }).clone(), {}),
    'fetch with this origin as the referrer': ({ at }) =>
        fetch(at, { method: 'POST', referrer: location.origin, referrerPolicy: 'unsafe-url' }),
    'XMLHttpRequest of a class of one\'s own': ({ at }) => {
        const request = new (class extends XMLHttpRequest { get responseURL() { return location.href; } })();
        request.open('POST', at);
        request.send('x');
    },
    'XMLHttpRequest of a frame, opened by this page\'s method': ({ at }) => {
        const request = new (document.querySelector('iframe').contentWindow.XMLHttpRequest)();
        XMLHttpRequest.prototype.open.call(request, 'POST', at);
        XMLHttpRequest.prototype.send.call(request, 'x');
    },

    'XMLHttpRequest of a URL that prints otherwise each time': ({ at, xhr }) => {
        const url = new URL('/own', location.href);
        let reads = 0;
        url.toString = () => (reads++ ? '/own' : at);
        return xhr('POST', url);
    },
    'XMLHttpRequest of a URL that prints otherwise by its symbol': ({ at, xhr }) => {
        const url = new URL('/own', location.href);
        url[Symbol.toPrimitive] = () => at;
        return xhr('POST', url);
    },
    'XMLHttpRequest of a URL of a class that says otherwise': ({ at, xhr }) =>
        xhr('POST', new (class extends URL {
            get href() { return location.href; }
            get origin() { return location.origin; }
            get host() { return location.host; }
        })(at)),
    'XMLHttpRequest of a proxy of a URL': ({ at, xhr }) => {
        const url = new URL('/own', location.href);
        const lie = (target, name) => (name === 'toString' ? () => at : Reflect.get(target, name, target));
        return xhr('POST', new Proxy(url, { get: lie }));
    },
    'a WebSocket to a URL of a class that says otherwise': ({ at }) => {
        new WebSocket(new (class extends URL { get origin() { return location.origin; } })(at.replace('http', 'ws')));
    },

    // What scripts replace, after the client was installed.
    'fetch where every URL claims to be of this origin': ({ at }) => {
        const { origin } = location;
        Object.defineProperty(URL.prototype, 'origin', { get: () => origin, configurable: true });
        return fetch(at, { method: 'POST' });
    },
    'XMLHttpRequest where every URL claims to be of this origin': ({ at, xhr }) => {
        const { origin, host } = location;
        for (const [name, value] of Object.entries({ origin, host })) {
            Object.defineProperty(URL.prototype, name, { get: () => value, configurable: true });
        }
        return xhr('POST', at);
    },
    'XMLHttpRequest where every URL says what it says of another': ({ at, xhr }) => {
        const { get } = Object.getOwnPropertyDescriptor(URL.prototype, 'href');
        let reads = 0;
        Object.defineProperty(URL.prototype, 'href', {
            get() { return reads++ ? get.call(this) : at; },
            configurable: true,
        });
        return xhr('POST', at);
    },
    'a WebSocket where every URL claims to be of this origin': ({ at }) => {
        const origin = location.origin.replace('http', 'ws');
        Object.defineProperty(URL.prototype, 'origin', { get: () => origin, configurable: true });
        new WebSocket(at.replace('http', 'ws'));
    },
    'a form where every URL claims to be of this origin': ({ at, form }) => {
        const { origin } = location;
        Object.defineProperty(URL.prototype, 'origin', { get: () => origin, configurable: true });
        form(`action="${at}"`).requestSubmit();
    },
    'fetch where strings begin and end with everything': ({ at }) => {
        for (const name of ['startsWith', 'endsWith', 'includes']) {
            String.prototype[name] = () => true;
        }
        return fetch(at, { method: 'POST' });
    },
    'XMLHttpRequest where strings begin and end with everything': ({ at, xhr }) => {
        for (const name of ['startsWith', 'endsWith', 'includes']) {
            String.prototype[name] = () => true;
        }
        return xhr('POST', at);
    },
    'fetch where all objects have what options have': ({ at }) => {
        Object.assign(Object.prototype, { mode: 'cors', redirect: 'follow', base: location.href, once: true });
        return fetch(at, { method: 'POST' });
    },

    // The moment.
    'XMLHttpRequest, aborted while it waits, and opened there': ({ at }) => {
        client.drop();
        const request = new XMLHttpRequest();
        request.open('POST', '/own');
        request.send('x');
        request.abort();
        request.open('POST', at);
        request.send('x');
    },
    'XMLHttpRequest, opened there while it waits': ({ at }) => {
        client.drop();
        const request = new XMLHttpRequest();
        request.open('POST', '/own');
        request.send('x');
        request.open('POST', at);
        request.send('x');
    },
    'XMLHttpRequest, opened there as soon as it is open here': ({ at }) => {
        const request = new XMLHttpRequest();
        request.onreadystatechange = () => {
            request.onreadystatechange = null;
            request.open('POST', at);
        };
        request.open('POST', '/own');
        request.send('x');
    },
    'XMLHttpRequest, sent there by what hears its answer': ({ at }) => {
        const request = new XMLHttpRequest();
        request.onload = () => {
            request.onload = null;
            request.open('POST', at);
            request.send('x');
        };
        request.open('POST', '/own');
        request.send('x');
    },
    'XMLHttpRequest, sent there by what hears a refusal': ({ at }) => {
        const request = new XMLHttpRequest();
        request.onload = () => {
            request.onload = null;
            request.open('POST', at);
            request.send('x');
        };
        request.open('POST', '/refused');
        request.send('x');
    },
    'a form that a handler sends there when the event was nearly over': ({ at, form }) => {
        const made = form('action="/own"');
        addEventListener('submit', () => made.setAttribute('action', at), { once: true });
        made.requestSubmit();
    },
    'a form that is turned while it waits for a token': ({ at, form }) => {
        client.drop();
        const made = form('action="/own"');
        made.requestSubmit();
        made.setAttribute('action', at);
    },
    'a form against a base that comes while it waits for a token': ({ at, there, form }) => {
        client.drop();
        form(`action="${new URL(at).pathname.slice(1)}"`).requestSubmit();
        document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
    },
    'a form in a shadow root': ({ at, add }) => {
        const root = add('<div></div>').attachShadow({ mode: 'closed' });
        root.innerHTML = `<form method="post" action="${at}" target="frame"><button></button></form>`;
        root.querySelector('button').click();
    },
    'a form with a button of another method': ({ at, form }) => {
        const made = form('action="/own"', `<button formmethod="get" formaction="${at}">x</button>`);
        made.lastElementChild.click();
    },
    'a form of several parts': ({ at, form }) => form(`action="${at}" enctype="multipart/form-data"`).requestSubmit(),
    'a form of plain text': ({ at, form }) => form(`action="${at}" enctype="text/plain"`).requestSubmit(),

    // What loads by itself, and other windows.
    'a link that is followed': ({ at, add }) => add(`<a href="${at}" target="frame">x</a>`).click(),
    'a page that is preloaded': ({ at }) => {
        document.head.insertAdjacentHTML('beforeend', `<link rel="preload" as="fetch" crossorigin href="${at}">`);
    },
    'a stylesheet': ({ at }) => document.head.insertAdjacentHTML('beforeend', `<link rel="stylesheet" href="${at}">`),
    'a script': ({ at }) => document.body.append(Object.assign(document.createElement('script'), { src: at })),
    'a new window\'s form': ({ at }) => {
        const opened = window.open('');
        opened.document.body.innerHTML = `<form method="post" action="${at}"></form>`;
        opened.document.forms[0].submit();
    },
    'a new window that asks its opener': ({ at }) => {
        const opened = window.open('');
        const script = opened.document.createElement('script');
        script.textContent = `opener.fetch(${JSON.stringify(at)}, { method: 'POST' })`;
        opened.document.body.append(script);
    },
    'a new window\'s form, submitted by this page\'s method': ({ at }) => {
        const opened = window.open('');
        opened.document.body.innerHTML = `<form method="post" action="${at}"></form>`;
        HTMLFormElement.prototype.submit.call(opened.document.forms[0]);
    },
    'a new window that is led there': ({ at }) => { window.open('').location.href = at; },
};

/** Which end up where the browser thinks right; `loaded()` is fulfilled when they have. */
export const SOMEWHERE = {
    'a form that a handler of its data sends there': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        made.addEventListener('formdata', () => made.setAttribute('action', at));
        made.requestSubmit();
        return loaded();
    },
    'a form that a handler of its data sends there, submitted': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        made.addEventListener('formdata', () => made.setAttribute('action', at));
        made.submit();
        return loaded();
    },
    'a form whose button is turned by a handler of its data': ({ at, form, loaded }) => {
        const made = form('action="/own"', '<button>x</button>');
        made.addEventListener('formdata', () => made.lastElementChild.setAttribute('formaction', at));
        made.requestSubmit(made.lastElementChild);
        return loaded();
    },
    'a form that a handler of its data sends there and tells nobody': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        made.addEventListener('formdata', event => {
            made.setAttribute('action', at);
            event.stopImmediatePropagation();
        });
        made.requestSubmit();
        return loaded();
    },
    'a form that a handler of its data sends there and tells nobody, submitted': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        made.addEventListener('formdata', event => {
            made.setAttribute('action', at);
            event.stopPropagation();
        });
        made.submit();
        return loaded();
    },
    'a form that a handler of all data sends there and tells nobody': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        addEventListener('formdata', event => {
            made.setAttribute('action', at);
            event.stopImmediatePropagation();
        }, { capture: true, once: true });
        made.requestSubmit();
        return loaded();
    },
    'a form that a handler from before the client sends there and tells nobody': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        window.early = event => {
            made.setAttribute('action', at);
            event.stopImmediatePropagation();
        };
        made.requestSubmit();
        return loaded();
    },
    'a form whose button is turned by a handler of its data that tells nobody': ({ at, form, loaded }) => {
        const made = form('action="/own"', '<button>x</button>');
        made.addEventListener('formdata', event => {
            made.lastElementChild.setAttribute('formaction', at);
            event.stopImmediatePropagation();
        });
        made.lastElementChild.click();
        return loaded();
    },
    'a form whose base comes with a handler of its data that tells nobody': ({ at, there, form, loaded }) => {
        form(`action="${new URL(at).pathname.slice(1)}"`).addEventListener('formdata', event => {
            document.head.insertAdjacentHTML('beforeend', `<base href="${there}/">`);
            event.stopImmediatePropagation();
        });
        document.body.lastElementChild.requestSubmit();
        return loaded();
    },
    'a form that a handler of all data sends there when the event was nearly over': ({ at, form, loaded }) => {
        const made = form('action="/own"');
        addEventListener('formdata', () => made.setAttribute('action', at), { once: true });
        made.requestSubmit();
        return loaded();
    },
    'a form in a shadow root that a handler of its data sends there and tells nobody': ({ at, add, loaded }) => {
        const root = add('<div></div>').attachShadow({ mode: 'open' });
        root.innerHTML = '<form method="post" action="/own" target="frame"><input name="a" value="b"><button></button></form>';
        root.addEventListener('formdata', event => {
            root.querySelector('form').setAttribute('action', at);
            event.stopImmediatePropagation();
        });
        root.querySelector('button').click();
        return loaded();
    },
};

/** Which carry no token even home: whoever keeps the event of a form's data to himself keeps the token out of it. */
export const KEPT = new Set(Object.keys(SOMEWHERE).filter(name => name.includes('tells nobody')));

/** Which a browser must not let through: the app's own place sends on what carries a token. */
export const STOPPED = {
    ...Object.fromEntries([301, 302, 303, 307, 308].map(status => [
        `fetch of what the app sends on with ${status}`,
        `({ at, away }) => fetch(away(at, ${status}), { method: 'POST' })`,
    ])),
    'fetch without CORS of what the app sends on': ({ at, away }) =>
        fetch(away(at, 307), { method: 'POST', mode: 'no-cors' }),
    'fetch with cookies of what the app sends on': ({ at, away }) =>
        fetch(away(at, 308), { method: 'PUT', credentials: 'include' }),
    'fetch of a Request that the app sends on': ({ at, away }) =>
        fetch(new Request(away(at, 307), { method: 'POST', mode: 'cors' })),
    'fetch of what is refused first, and then sent on': ({ at }) =>
        fetch(`/refused-once?${new URLSearchParams({ at })}`, { method: 'POST' }),
    'fetch of what the app sends on twice': ({ at, away }) => fetch(away(away(at, 307), 307), { method: 'POST' }),
    'fetch that outlives the page, of what the app sends on': ({ at, away }) =>
        fetch(away(at, 307), { method: 'POST', keepalive: true }),
    'fetch where all objects want redirects followed': ({ at, away }) => {
        Object.assign(Object.prototype, { mode: 'cors', redirect: 'follow' });
        return fetch(away(at, 307), { method: 'POST' });
    },
    'fetch where every Request claims to be of this origin': ({ at }) => {
        const { href } = location;
        Object.defineProperty(Request.prototype, 'url', { get: () => href, configurable: true });
        return fetch(at, { method: 'POST' });
    },
};

/** What carries no token even to the page's own origin, and why. */
export const BARE = new Set([
    // Reads are free.
    'server-sent events', 'a picture', 'a form by GET', 'the page\'s form, by GET', 'a link that is followed',
    'a page that is preloaded', 'a stylesheet', 'a script', 'a new window that is led there',
    'a form with a button of another method',
    // Another name is another origin, and a document without an origin is nobody's.
    'fetch by another name of this machine', 'a frame whose page is in its address',
    // The page has a field of that name itself.
    'a form with a field of the token\'s name',
    // Other documents and threads have fetch and forms of their own.
    'fetch of a frame', 'a worker', 'a frame with a page of its own', 'a frame whose page is a blob',
    'a frame whose address is a script', 'a form that has moved to a frame with a base',
    'the page\'s form, moved to a frame with a base',
    'a new window\'s form', 'a new window\'s form, submitted by this page\'s method',
]);
