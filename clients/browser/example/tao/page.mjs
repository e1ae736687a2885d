// A page of TAO's that calls its protected endpoints. All that it does for it is to call `request()`.

import { configureRequest, request } from '/countersign/src/request.js';

const status = document.querySelector('[role="status"]');
const list = document.querySelector('ul');
const form = document.querySelector('form');

configureRequest({
    onStart: () => { document.body.ariaBusy = 'true'; },
    onStop: () => { document.body.ariaBusy = 'false'; },
});

async function show() {
    const { data } = await request({ url: '/tao/items' });
    list.replaceChildren(...data.map(({ label, uri }) => {
        const item = document.createElement('li');
        const remove = document.createElement('button');
        remove.append('Delete');
        remove.addEventListener('click', () => attempt('Deleted', async () => {
            await request({ url: `/tao/items/${uri.split(/[/#]/).at(-1)}`, method: 'DELETE' });
            await show();
        }));
        item.append(`${label} `, remove);
        return item;
    }));
}

/** Says how it went: the message of an error is the server's. */
async function attempt(done, work) {
    try {
        await work();
        status.textContent = done;
    } catch (error) {
        status.textContent = error.message;
    }
}

form.addEventListener('submit', event => {
    event.preventDefault();
    attempt('Added', async () => {
        const { label } = Object.fromEntries(new FormData(form));
        await request({ url: '/tao/items', method: 'POST', contentType: 'json', data: { label } });
        await show();
    });
});
document.querySelector('#many').addEventListener('click', () => attempt('50 of 50', () =>
    Promise.all(Array.from({ length: 50 }, () => request({ url: '/tao/items' })))));
attempt('Ready', show);
