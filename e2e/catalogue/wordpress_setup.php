<?php
// Installs the WordPress of this folder, whose wp-config.php is there: one administrator, addresses by name.

define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url(getenv('WP_URL'), PHP_URL_HOST);
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Test', 'admin', 'admin@example.com', false, '', 'secret');
update_option('permalink_structure', '/%postname%/');
