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
 * Albanian strings.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['activitynottracked'] = 'Veprimtaria "{$a->key}" nuk mund të jetë kriter i kursit: ndjekja e përfundimit është e çaktivizuar për të ose për kursin.';
$string['ambiguous'] = 'Më shumë se një objekt ka çelësin "{$a->key}". Ndryshoni numrin ID të atyre që nuk i përkasin lms-sync.';
$string['attemptslost'] = 'Paketës së re të "{$a->key}" i mungojnë këto elemente, prandaj do të fshiheshin përpjekjet e {$a->n} nxënësve: {$a->items}';
$string['award:download'] = 'Shkarko certifikatën (PDF)';
$string['award:expired'] = 'Ka skaduar';
$string['award:expiredtext'] = 'Ishte e vlefshme deri më {$a}.';
$string['award:issuedby'] = 'Lëshuar nga';
$string['award:issuedon'] = 'Lëshuar më';
$string['award:number'] = 'Numri';
$string['award:privatepage'] = 'Faqja juaj private';
$string['award:renewable'] = 'Mund ta rinovoni deri më {$a}.';
$string['award:renewfrom'] = 'Mund të rinovohet nga data {$a}.';
$string['award:revoked'] = 'E revokuar';
$string['award:revokedtext'] = 'Nuk është më e vlefshme. Institucioni që e ka lëshuar mund t\'ju tregojë arsyen.';
$string['award:superseded'] = 'E zëvendësuar';
$string['award:supersededbynone'] = 'Në vend të saj vlen një certifikatë tjetër.';
$string['award:supersededtext'] = 'Në vend të saj vlen certifikata {$a}.';
$string['award:suspended'] = 'E pezulluar';
$string['award:suspendedtext'] = 'Përkohësisht nuk vlen. Institucioni që e ka lëshuar mund t\'ju tregojë arsyen.';
$string['award:valid'] = 'E vlefshme';
$string['award:validnoend'] = 'Nuk ka datë mbarimi.';
$string['award:validtext'] = 'Është e vlefshme deri më {$a}.';
$string['award:verify'] = 'Faqja e verifikimit, për këdo';
$string['baddraft'] = 'Zona e ngarkimit {$a->itemid} përmban {$a->n} skedarë në vend të një të vetmi. Ajo duhet të jetë mbushur me tokenin e së njëjtës llogari.';
$string['badhash'] = 'Një hash duhet të ketë 64 shifra heksadecimale me shkronja të vogla.';
$string['badkey'] = 'Çelësi "{$a->key}" nuk lejohet: 1 deri në 100 shkronja, shifra dhe . _ : / - që fillojnë me shkronjë ose shifër.';
$string['badlimit'] = 'Kufiri duhet të jetë ndërmjet 1 dhe {$a->largest}.';
$string['badquestionfile'] = 'Skedari i pyetjeve nuk mund të përdoret: {$a->words}';
$string['badtext'] = 'Moodle nuk do ta ruante "{$a->field}" ashtu siç u dërgua: është bosh, ka hapësira përreth, ose përmban shenja a etiketa që hiqen.';
$string['certificates'] = 'Certifikatat';
$string['certificatesnone'] = 'Nuk ka ende asnjë certifikatë dhe asnjë nuk është në proces.';
$string['certificatesof'] = 'Certifikatat e {$a}';
$string['completionlocked'] = 'Rregullat e përfundimit të "{$a->key}" ndryshojnë dhe {$a->n} nxënës kanë shënime që një ndryshim do t\'i fshinte ose do t\'u jepte datë të re.';
$string['criterialocked'] = 'Kriteret e përfundimit të kursit ndryshojnë dhe vendosja e tyre do të fshinte përfundimet e kursit të {$a->n} nxënësve.';
$string['datamissing'] = 'Të dhënave u mungon "{$a->field}".';
$string['dataunknown'] = 'Të dhënat përmbajnë "{$a->field}", që këtu nuk njihet.';
$string['datavalue'] = 'Vlera e "{$a->field}" nuk lejohet. Lejohet: {$a->allowed}';
$string['deadpackage'] = 'Moodle nuk mund ta nisë këtë paketë, prandaj asgjë nuk u ndryshua. {$a->words}';
$string['feedbackhasresponses'] = 'Pyetjet e pyetësorit "{$a->key}" ndryshojnë dhe janë dhënë {$a->n} përgjigje.';
$string['foreignquestion'] = 'Pyetja "{$a->key}" i përket dikujt tjetër ose ndodhet në një kategori tjetër pyetjesh. Llogarisë i mungon {$a->capability}.';
$string['hasgrades'] = 'Nota më e lartë e "{$a->key}" ndryshon dhe janë dhënë {$a->n} nota.';
$string['headingsremoved'] = 'Titujt e pjesëve brenda kuizit u hoqën, sepse pyetjet e tij ndryshuan.';
$string['lmssync:pull'] = 'Lexo përfundimet, notat dhe përpjekjet për lms-sync';
$string['lmssync:push'] = 'Krijo dhe ndrysho përmbajtjen e kurseve me lms-sync';
$string['lmssync:setcertificates'] = 'Shfaq certifikatat e personave dhe çfarë u mungon, për lms-sync';
$string['lmssync:viewcertificates'] = 'Shih certifikatat e personave të tjerë dhe çfarë u mungon';
$string['locked'] = 'Një shkrim tjetër në këtë kurs është në vazhdim. Provoni përsëri më vonë.';
$string['mycertificates'] = 'Certifikatat e mia';
$string['noavailability'] = 'Hyrja nuk mund të kufizohet: kufizimet janë të çaktivizuara në sajt.';
$string['nocompletion'] = 'Rregullat e përfundimit nuk mund të vendosen: ndjekja e përfundimit është e çaktivizuar për kursin ose për sajtin.';
$string['nocourses'] = 'Lista e kurseve është bosh.';
$string['nofile'] = 'Nevojitet një skedar: ngarkojeni dhe jepni zonën e tij të përkohshme.';
$string['nosection'] = 'Në këtë kurs nuk ka seksion me çelësin "{$a->key}".';
$string['notenoughquestions'] = 'Nga {$a->want} pyetje të rastit nga "{$a->category}" (etiketat: {$a->tags}) gjenden vetëm {$a->got}; askush nuk do të mund ta niste këtë kuiz.';
$string['notenrolled'] = 'Përdoruesi {$a->id} nuk është i regjistruar në këtë kurs.';
$string['notjson'] = 'Të dhënat nuk janë një objekt JSON: {$a->words}';
$string['notkept'] = 'Moodle nuk e ruajti "{$a->field}" të "{$a->key}" ashtu siç u dërgua, prandaj asgjë nuk u ndryshua.';
$string['notquestions'] = 'Pyetjet nuk janë një listë JSON me rrjedha, me kurse dhe me kursor ose numra rreshtash.';
$string['pluginname'] = 'lms-sync';
$string['privacy:metadata:certificates'] = 'Certifikatat e një personi dhe kërkesat për ato që janë në proces, siç i ka dërguar klienti, për t\'u shfaqur në profil.';
$string['privacy:metadata:certificates:data'] = 'Titujt, numrat, datat dhe gjendja e certifikatave, adresat e faqeve të tyre dhe cilat kërkesa janë plotësuar ose mungojnë.';
$string['privacy:metadata:certificates:timemodified'] = 'Kur i ka dërguar klienti për herë të fundit.';
$string['privacy:metadata:certificates:userid'] = 'Personi të cilit i përkasin certifikatat.';
$string['privacy:metadata:client'] = 'Një klient me token për shërbimin "lmssync" lexon fakte për nxënësit, për të raportuar mbi trajnimin dhe për të lëshuar certifikata.';
$string['privacy:metadata:client:account'] = 'Emri i përdoruesit, numri ID, mënyra e hyrjes dhe gjendja e llogarisë, për ta përputhur me listën e institucionit.';
$string['privacy:metadata:client:facts'] = 'Përfundimet, notat, përpjekjet në kuize me rezultatin e çdo pyetjeje (pa atë që shkruhet në ese), gjendja dhe pikët në paketat SCORM, si dhe përgjigjet ndaj pyetësorëve të dhëna me emër.';
$string['privacy:metadata:client:userid'] = 'Identifikuesi i përdoruesit në Moodle.';
$string['privacy:metadata:log'] = 'Në një regjistër: që diçka e një personi ndryshoi në një mënyrë që vetë rreshti nuk e tregon, d.m.th. një fshirje ose një ndryshim me kohë më të hershme.';
$string['privacy:metadata:log:stream'] = 'Cili lloj rezultati u fshi ose u ndryshua.';
$string['privacy:metadata:log:timecreated'] = 'Kur u fshi ose u ndryshua.';
$string['privacy:metadata:log:userid'] = 'Personi, rezultati i të cilit ishte.';
$string['privacy:metadata:object'] = 'Çfarë u dërgua në kurse dhe nga cila llogari.';
$string['privacy:metadata:object:timemodified'] = 'Kur u dërgua objekti për herë të fundit.';
$string['privacy:metadata:object:usermodified'] = 'Llogaria që e dërgoi objektin për herë të fundit.';
$string['questionmissing'] = 'Skedarit të pyetjeve i mungojnë: {$a->key}';
$string['questionrefused'] = 'Moodle e refuzoi pyetjen "{$a->key}", prandaj asnjë nuk u ruajt: {$a->words}';
$string['quizhasattempts'] = 'Pyetjet e kuizit "{$a->key}" ndryshojnë dhe {$a->n} nxënës kanë përpjekje.';
$string['requirement:met'] = 'U plotësua';
$string['requirement:missing'] = 'Mungon';
$string['requirement:spare'] = 'Nuk duhet';
$string['stale'] = '"{$a->key}" nuk është siç u pa: pritej "{$a->expect}", u gjet "{$a->live}". Lexojeni gjendjen përsëri.';
$string['task:prunelog'] = 'Fshi rreshtat e vjetër të regjistrit të lms-sync';
$string['toolong'] = '"{$a->field}" ka më shumë se {$a->limit} shenja.';
$string['typefixed'] = 'Forumi "{$a->key}" është i llojit "{$a->got}" dhe nuk mund të bëhet "{$a->want}".';
$string['underway'] = 'Në proces';
$string['underway:approved'] = 'Gjithçka është plotësuar dhe miratuar; certifikata do të lëshohet së shpejti.';
$string['underway:eligible'] = 'Gjithçka është plotësuar; pritet miratimi.';
$string['underway:missing'] = 'Kërkesa që mungojnë ende: {$a}';
$string['underway:renewal'] = 'Rinovim: {$a}';
$string['unknownactivity'] = 'Në këtë kurs nuk ka veprimtari me çelësin "{$a->key}".';
$string['unknowncategory'] = 'Në këtë kurs nuk ka kategori pyetjesh me çelësin "{$a->key}".';
$string['unknowngroup'] = 'Në këtë kurs nuk ka grup me çelësin "{$a->key}".';
$string['unknownmodule'] = 'Veprimtaritë e llojit "{$a->modname}" nuk mund të dërgohen.';
$string['unknownquestion'] = 'Në këtë kurs nuk ka pyetje me çelësin "{$a->key}" që të jetë gati për përdorim.';
$string['unknownstream'] = 'Nuk ka rrjedhë "{$a->stream}". Njihen: {$a->known}';
$string['unknowntag'] = 'Asnjë pyetje në këtë sajt nuk e ka etiketën "{$a->tag}".';
$string['wrongfile'] = 'Skedari i ngarkuar nuk është ai i paralajmëruari: {$a->got} në vend të {$a->want}.';
$string['wrongmodule'] = 'Veprimtaria "{$a->key}" është e llojit {$a->got}, jo {$a->want}.';
$string['wrongpackage'] = 'Skedari i ngarkuar nuk është paketa e paralajmëruar: SHA-1 {$a->got} në vend të {$a->want}.';
