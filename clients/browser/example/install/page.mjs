// Every call below `/dataservice` needs a token, reads too. This page says so in one line, and calls as if there
// were nothing to it.

import { install } from './countersign/src/index.js';

const bare = fetch;
install({ dialect: 'vmanage' });

const status = document.querySelector('[role="status"]');

async function show(send) {
    await fetch('/j_security_check', { method: 'POST', body: new URLSearchParams({ j_username: 'admin', j_password: 'admin' }) });
    const reply = await send('/dataservice/device');
    status.textContent = reply.ok ? `${(await reply.json()).data.length} devices.` : `The service said ${reply.status}.`;
}

for (const button of document.querySelectorAll('button')) {
    button.addEventListener('click', () => show('bare' in button.dataset ? bare : fetch));
}
