// Angular's HttpClient as `provideHttpClient()` sets it up, against the server side of the dialect `laravel`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import '@angular/compiler';
import { DOCUMENT, PlatformLocation, XhrFactory } from '@angular/common';
import { HttpClient, provideHttpClient, withNoXsrfProtection } from '@angular/common/http';
import {
    PLATFORM_ID, createEnvironmentInjector, provideZonelessChangeDetection, ɵINJECTOR_SCOPE as INJECTOR_SCOPE,
} from '@angular/core';
import { JSDOM } from 'jsdom';
import { firstValueFrom } from 'rxjs';

import { startGuarded } from './app.mjs';

let guarded;
let page;

before(async () => {
    guarded = await startGuarded('laravel');
    page = await JSDOM.fromURL(`${guarded.origin}/`);
});
after(() => {
    page?.window.close();
    return guarded?.stop();
});

/** An HttpClient in the page, without the rest of an application around it. */
function client(...features) {
    const { document, XMLHttpRequest, location } = page.window;
    const injector = createEnvironmentInjector([
        provideHttpClient(...features),
        provideZonelessChangeDetection(),
        { provide: INJECTOR_SCOPE, useValue: 'root' },
        { provide: DOCUMENT, useValue: document },
        // By which it tells its own origin from others.
        { provide: PlatformLocation, useValue: location },
        { provide: PLATFORM_ID, useValue: 'browser' },
        { provide: XhrFactory, useValue: { build: () => new XMLHttpRequest() } },
    ], null);
    return injector.get(HttpClient);
}

test('without its protection a change is refused', async () => {
    const change = firstValueFrom(client(withNoXsrfProtection()).post('/notes', {}));
    await assert.rejects(change, { status: 419 });
    assert.deepEqual(guarded.reached, []);
});

test('with it, as it is by default, the change gets through', async () => {
    const notes = await firstValueFrom(client().post('/notes', { text: 'hello' }));
    assert.deepEqual(notes, { d: {} });
    assert.deepEqual(guarded.reached, ['POST /notes']);
});
