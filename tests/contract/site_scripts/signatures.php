<?php
// Prints the signatures of the plugin's functions as Moodle reads them: the content of moodle_plugin/signatures.json.
// Usage, from Moodle's folder: php signatures.php
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');

/** A description as plain data; a parameter that may be left out says so. */
function described(core_external\external_description $one) {
    if ($one instanceof core_external\external_value) {
        $found = ['type' => $one->type, 'null' => (bool) $one->allownull, 'desc' => $one->desc];
    } else if ($one instanceof core_external\external_multiple_structure) {
        $found = ['list' => described($one->content)];
    } else {
        $found = ['object' => array_map('described', $one->keys)];
    }
    if ($one->required == VALUE_OPTIONAL) {
        $found['opt'] = 'optional';
    }
    return $found;
}

$functions = [];
foreach ($DB->get_records('external_functions', ['component' => 'local_lmssync'], 'id') as $row) {
    $info = core_external\external_api::external_function_info($row);
    $functions[$row->name] = [
        'component' => $row->component,
        'type' => $info->type,
        'caps' => $row->capabilities,
        'deprecated' => (bool) $info->deprecated,
        'desc' => $info->description,
        'params' => array_map('described', $info->parameters_desc->keys),
        'returns' => described($info->returns_desc),
    ];
}
$text = json_encode($functions, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
// One space for each level, as the repository's other JSON files have it.
echo preg_replace_callback('/^(?: {4})+/m', fn($spaces) => str_repeat(' ', strlen($spaces[0]) / 4), $text), "\n";
