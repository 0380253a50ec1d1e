<?php
// This file is part of local_lmssync, a plugin for Moodle.
//
// local_lmssync is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// local_lmssync is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with this program.  If not, see <https://www.gnu.org/licenses/>.

/**
 * What a client must know about the site.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context_course;

/**
 * Versions, limits and switches.
 */
final class site {
    /**
     * Describes the site.
     *
     * @return array
     */
    public static function describe(): array {
        global $CFG, $DB;
        $plugin = \core_plugin_manager::instance()->get_plugin_info('local_lmssync');
        return [
            'plugin_version' => (int) $plugin->versiondisk,
            'plugin_release' => (string) $plugin->release,
            'moodle_version' => (string) $CFG->version,
            'moodle_release' => $CFG->release,
            'db_family' => $DB->get_dbfamily(),
            'max_input_vars' => (int) ini_get('max_input_vars'),
            'post_max_size' => self::bytes('post_max_size'),
            'upload_max_filesize' => self::bytes('upload_max_filesize'),
            'multilang_filter' => self::multilang(),
            'completion_enabled' => !empty($CFG->enablecompletion),
            'mobile_enabled' => !empty($CFG->enablemobilewebservice),
            'scorm_standard' => (bool) get_config('scorm', 'scormstandard'),
            'server_time' => time(),
            'missing_capabilities' => role::missing(),
            'missing_for_helpdesk' => role::missing(role::HELP_DESK),
            'assignable_roles' => self::assignable_roles(),
        ];
    }

    /**
     * A size from php.ini; 0 means no limit.
     *
     * @param string $name
     * @return int
     */
    private static function bytes(string $name): int {
        return (int) get_real_size(ini_get($name));
    }

    /**
     * Whether the multi-language filter works everywhere, in texts and in names.
     *
     * @return bool
     */
    private static function multilang(): bool {
        global $CFG;
        require_once($CFG->libdir . '/filterlib.php');
        $on = array_key_exists('multilang', filter_get_globally_enabled());
        return $on && in_array('multilang', explode(',', (string) $CFG->stringfilters), true) && !empty($CFG->filterall);
    }

    /**
     * Roles that the calling user may give in courses.
     *
     * @return array[] id and shortname
     */
    private static function assignable_roles(): array {
        $roles = [];
        foreach (get_assignable_roles(context_course::instance(SITEID), ROLENAME_SHORT) as $id => $shortname) {
            $roles[] = ['id' => (int) $id, 'shortname' => $shortname];
        }
        return $roles;
    }
}
