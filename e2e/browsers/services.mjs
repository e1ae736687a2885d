// What a page does at each of the five services, without a word of tokens. A step is a request, the status that
// it must be answered with, and what the answer must say.

const json = (method, path, value) => ({
    method,
    path,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(value),
});
const get = path => ({ method: 'GET', path });
const form = (path, fields) => ({
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams(fields)),
});

let made = 0;
/** A name that nothing has had. */
const fresh = kind => `${kind}${++made}`;

const operate = (operationName, more) => [json('POST', '/api/v2/me', { operationName, ...more }), 200];

const genesys = {
    name: 'genesys',
    base: 'genesys',
    login: [[{
        ...get('/api/v2/me'),
        headers: { Authorization: `Basic ${btoa('paveld@redwings.com:password')}` },
    }, 200]],
    read: [get('/api/v2/me'), 200],
    write: () => [operate('StartContactCenterSession', { channels: ['voice'] }), operate('EndContactCenterSession')],
    refreshes: true,
};

const voss = {
    name: 'voss',
    base: 'voss',
    login: [[form('/login/', { username: 'joe', password: 'bloggs', next: '/' }), 200]],
    read: [get('/api/data/Phone/'), 200],
    write: () => [[json('POST', '/api/data/Phone/', { name: fresh('SEP') }), 201]],
    logout: [[{ method: 'POST', path: '/logout/' }, 200]],
    loggedOut: [get('/'), 200, /Nobody is logged in/],
    refreshes: true,
};

const REDBACK = '/restServices/redbackServices';

const redback = {
    name: 'redback',
    base: 'redback',
    login: [[json('POST', `${REDBACK}/loginService/logIn`, { username: 'admin', password: 'admin1' }), 200]],
    read: [get(`${REDBACK}/userService/getUsers`), 200],
    // Even what deletes is a GET here.
    write() {
        const user = { username: fresh('user'), password: 'a long passphrase 1', fullName: 'U', email: 'u@example.org' };
        return [
            [json('POST', `${REDBACK}/userService/createUser`, user), 200],
            [get(`${REDBACK}/userService/deleteUser/${user.username}`), 200],
        ];
    },
    logout: [[get(`${REDBACK}/loginService/logout`), 200]],
    loggedOut: [get(`${REDBACK}/userService/getUsers`), 403],
};

const EMAIL = '/dataservice/settings/configuration/emailNotificationSettings';

const vmanage = {
    name: 'vmanage',
    base: 'vmanage_http',
    login: [[form('/j_security_check', { j_username: 'admin', j_password: 'admin' }), 200]],
    read: [get('/dataservice/device'), 200, /^\s*\{/],
    write: () => [[json('POST', EMAIL, {
        enabled: true,
        protocol: 'smtp',
        smtp_server: 'mail.example.org',
        smtp_port: 25,
        notification_use_smtp_authentication: false,
        from_address: 'a@example.org',
        reply_to_address: 'a@example.org',
    }), 200]],
    logout: [[get('/logout'), 200]],
    // A stranger is shown the login page, with a status that says nothing.
    loggedOut: [get('/dataservice/device'), 200, /<html/],
    refreshes: true,
};

const tao = {
    name: 'tao',
    base: 'tao',
    login: [[get('/tao/ClientConfig/config'), 200]],
    read: [get('/tao/items'), 200],
    write: () => [
        [json('POST', '/tao/items', { label: fresh('Item ') }), 200],
        [json('POST', '/tao/items/fail', {}), 200],
    ],
    refreshes: true,
};

export const SERVICES = [genesys, voss, redback, vmanage, tao];
