<?php
// Deletes an account of the suite's own, as an administrator does.
// Usage, from Moodle's folder: php delete_account.php USERNAME
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
\core\session\manager::set_user(get_admin());
delete_user($DB->get_record('user', ['username' => $argv[1], 'deleted' => 0], '*', MUST_EXIST));
