<?php
// A Laravel application in one file: notes behind `VerifyCsrfToken`, as the `web` group of a new app has it.
//
//     APP_FOLDER=/tmp/app php -S 127.0.0.1:8000 laravel_app.php

require '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Config\Repository;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as KernelContract;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Bootstrap;
use Illuminate\Foundation\Http\Kernel;
use Illuminate\Http\Request;

class HttpKernel extends Kernel
{
    // The configuration is in this file, so none is loaded.
    protected $bootstrappers = [
        Bootstrap\HandleExceptions::class,
        Bootstrap\RegisterFacades::class,
        Bootstrap\RegisterProviders::class,
        Bootstrap\BootProviders::class,
    ];

    protected $middleware = [
        Illuminate\Cookie\Middleware\EncryptCookies::class,
        Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse::class,
        Illuminate\Session\Middleware\StartSession::class,
        Illuminate\Foundation\Http\Middleware\VerifyCsrfToken::class,
    ];
}

$folder = getenv('APP_FOLDER');
foreach (['sessions', 'views', 'storage', 'bootstrap/cache'] as $part) {
    @mkdir("$folder/$part", 0700, true);
}
$app = new Application($folder);
$app->useStoragePath("$folder/storage");
$app->instance('env', 'production');
$app->instance('config', new Repository([
    'app' => [
        'name' => 'Laravel',
        'key' => 'base64:' . base64_encode(str_repeat('k', 32)),
        'cipher' => 'AES-256-CBC',
        'debug' => false,
        'locale' => 'en',
        'fallback_locale' => 'en',
        'providers' => [
            Illuminate\Cookie\CookieServiceProvider::class,
            Illuminate\Encryption\EncryptionServiceProvider::class,
            Illuminate\Filesystem\FilesystemServiceProvider::class,
            Illuminate\Session\SessionServiceProvider::class,
            Illuminate\Translation\TranslationServiceProvider::class,
            Illuminate\View\ViewServiceProvider::class,
        ],
        'aliases' => [],
    ],
    'logging' => ['default' => 'errorlog', 'channels' => ['errorlog' => ['driver' => 'errorlog']]],
    'session' => [
        'driver' => 'file', 'files' => "$folder/sessions", 'lifetime' => 120, 'expire_on_close' => false,
        'encrypt' => false, 'lottery' => [0, 100], 'cookie' => 'laravel_session', 'path' => '/', 'domain' => null,
        'secure' => false, 'http_only' => true, 'same_site' => 'lax',
    ],
    'view' => ['paths' => [], 'compiled' => "$folder/views"],
]));
$app->singleton(KernelContract::class, HttpKernel::class);
$app->singleton(ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);

// Not where the built-in server would find it as a file of its own.
$notes = "$folder/storage/notes.txt";
$router = $app['router'];
$router->get('/', fn () => 'hello');
$router->get('/notes', fn () => response()->json(is_file($notes) ? file($notes, FILE_IGNORE_NEW_LINES) : []));
$router->post('/notes', function (Request $request) use ($notes) {
    file_put_contents($notes, $request->input('text') . "\n", FILE_APPEND);
    return response()->json(['text' => $request->input('text')], 201);
});
// The session goes on with another token, as after a login.
$router->post('/token', function (Request $request) {
    $request->session()->regenerateToken();
    return response()->noContent();
});

$kernel = $app->make(KernelContract::class);
$response = $kernel->handle($request = Request::capture());
$response->send();
$kernel->terminate($request, $response);
