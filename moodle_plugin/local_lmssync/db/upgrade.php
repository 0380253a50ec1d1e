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
 * Steps from earlier versions.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * Brings the tables up to date.
 *
 * @param int $oldversion
 * @return bool
 */
function xmldb_local_lmssync_upgrade(int $oldversion): bool {
    global $CFG, $DB;
    if ($oldversion < 2026112216) {
        // The log of what rows do not tell themselves: the table as install.xml has it.
        $manager = $DB->get_manager();
        if (!$manager->table_exists(\local_lmssync\local\change_log::TABLE)) {
            $file = $CFG->dirroot . '/local/lmssync/db/install.xml';
            $manager->install_one_table_from_xmldb_file($file, \local_lmssync\local\change_log::TABLE);
        }
        \local_lmssync\local\change_log::begin();
        upgrade_plugin_savepoint(true, 2026112216, 'local', 'lmssync');
    }
    // What people see of their certificates: the table as install.xml has it. Looked for at every upgrade, whatever version
    // was there: test versions with and without it bore numbers on both sides of its own.
    $manager = $DB->get_manager();
    if (!$manager->table_exists(\local_lmssync\local\certificates::TABLE)) {
        $file = $CFG->dirroot . '/local/lmssync/db/install.xml';
        $manager->install_one_table_from_xmldb_file($file, \local_lmssync\local\certificates::TABLE);
    }
    return true;
}
