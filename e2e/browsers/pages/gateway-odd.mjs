// Pages as nobody writes them on purpose, and what a browser makes of them.

/** What half of the pages are made of. Those that decide of forms come more often. */
const ALL = [
    '<form method=post>', '<form method=post>', '<form method=post action=pay>',
    '<form method=post action=//evil.example>', '<form method=post action=//evil.example>',
    '<form id=f method=post>', '<form id=g method=post action=//evil.example>', '<form>',
    '</form>', '</form>', '</form>', '</form>',
    '<div>', '</div>', '<p>', '</p>', '<b>', '</b>', '<a>', '</a>', '<ul><li>', '</ul>', '<h1>', '</h1>',
    '<table>', '<caption>', '<colgroup>', '<col>', '</colgroup>', '<tr>', '<td>', '</td>', '</tr>', '</table>',
    '<svg>', '</svg>', '<svg/>', '<desc>', '</desc>', '<title>', '</title>', '<foreignObject>', '</foreignObject>',
    '<math>', '<mi>', '</mi>', '</math>', '<annotation-xml encoding=text/html>', '</annotation-xml>',
    '<template>', '</template>', '<select>', '<option>', '</select>', '<textarea>', '</textarea>',
    '<style>', '</style>', '<script>', '</script>', '<xmp>', '</xmp>', '<iframe>', '</iframe>', '<plaintext>',
    '<!--', '-->', '<![CDATA[', ']]>', '<p title=\'', '\'>', '"', 'text', '<br>', '</br>', '<image>',
    '<button>', '</button>', '<button formaction=//evil.example>', '<button form=f formaction=//evil.example>',
    '<input type=submit formmethod=get>', '<input type=submit form=f formaction=\'//evil.example\'>',
    '<input type=hidden>', '<input name=csrf_token value=old>',
    '<base href=//evil.example/>', '<base href=/x/>', '<head>', '</head>', '<body>', '</body>', '<html>', '</html>',
    '<frameset>', '<object>', '</object>', '<marquee>', '<font color=x>', '<noembed>', '</noembed>',
];

/** And the other half: with fewer words, more forms are whole. */
const COMMON = [
    '<form method=post>', '<form method=post>', '<form method=post>', '<form id=f method=post>',
    '<form method=post action=//evil.example>', '<form method=post action=//evil.example>',
    '</form>', '</form>', '</form>', '</form>', '</form>', '<input name=csrf_token value=old>',
    '<div>', '</div>', '<p>', '</p>', '<b>', '</b>', '<a>', '</a>', '<input name=a>', '<button>', '</button>',
    '<table>', '<caption>', '<tr>', '<td>', '</td>', '</tr>', '</table>', '<button formaction=//evil.example>',
    '<button form=f formaction=//evil.example>', '<select>', '<option>', '</select>', '<template>', '</template>',
    '<svg>', '<path>', '</svg>', '<base href=//evil.example/>',
];

/** Always the same pages, from a linear congruential generator (Numerical Recipes). */
export function oddPages(count) {
    let state = 20_260_101;
    const below = limit => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor(state / 2 ** 32 * limit);
    };
    const page = words => Array.from({ length: 2 + below(14) }, () => words[below(words.length)]).join('');
    return Array.from({ length: count }, (_, at) => page(at % 2 ? ALL : COMMON));
}

/**
 * Runs in a browser: where each page's token would go, by who owns its fields when the browser has parsed it.
 *
 * @param pages - each with its `text`, its `token`, and the `url` at which it would be found
 * @returns how many have a form that works, and the pages whose token would go astray
 */
export function judge(pages) {
    let working = 0;
    const astray = [];
    for (const { text, token, url } of pages) {
        const page = new DOMParser().parseFromString(text, 'text/html');
        const base = Array.from(page.querySelectorAll('base[href]')).find(base => 'href' in base);
        const resolve = (reference, against) => {
            try {
                return new URL(reference, against);
            } catch {
                return new URL(against);
            }
        };
        const start = base ? resolve(base.getAttribute('href'), url) : url;
        const isOwn = action => !action || resolve(action, start).origin === new URL(url).origin;
        const why = [];
        for (const input of page.querySelectorAll('input')) {
            if (input.value !== token || !input.form) {
                continue;
            }
            const { form } = input;
            const posts = form.getAttribute('method') === 'post';
            if (!posts || !isOwn(form.getAttribute('action'))) {
                why.push('in a form that goes elsewhere');
            }
            for (const button of page.querySelectorAll('button, input[type="submit"]')) {
                const method = button.getAttribute('formmethod');
                const turned = method && method !== 'post'
                    || button.hasAttribute('formaction') && !isOwn(button.getAttribute('formaction'));
                if (button.form === form && !button.disabled && turned) {
                    why.push('in a form with a button that sends it elsewhere');
                }
            }
            working += why.length ? 0 : 1;
        }
        for (const field of page.querySelectorAll('textarea, option, button')) {
            if (field.textContent.includes(token) || field.value?.includes(token)) {
                why.push('in the text of another field');
            }
        }
        if (why.length) {
            astray.push({ why, text, tree: page.documentElement.outerHTML });
        }
    }
    return { working, astray };
}
