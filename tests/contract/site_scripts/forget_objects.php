<?php
// Takes the questions of a course of the suite out of the plugin's own table, as after the plugin was installed anew.
// Usage, from Moodle's folder: php forget_objects.php COURSEID
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
$DB->delete_records('local_lmssync_object', ['courseid' => (int) $argv[1], 'kind' => 'question']);
