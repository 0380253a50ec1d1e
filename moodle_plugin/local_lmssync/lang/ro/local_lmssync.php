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
 * Romanian strings.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['activitynottracked'] = 'Activitatea „{$a->key}” nu poate fi criteriu al cursului: urmărirea finalizării este dezactivată pentru ea sau pentru curs.';
$string['ambiguous'] = 'Mai multe obiecte au cheia „{$a->key}”. Schimbați numărul ID al celor care nu aparțin lms-sync.';
$string['attemptslost'] = 'Noului pachet al activității „{$a->key}” îi lipsesc aceste elemente, așa că s-ar șterge încercările a {$a->n} cursanți: {$a->items}';
$string['award:download'] = 'Descarcă certificatul (PDF)';
$string['award:expired'] = 'Expirat';
$string['award:expiredtext'] = 'A fost valabil până la {$a}.';
$string['award:issuedby'] = 'Emis de';
$string['award:issuedon'] = 'Emis la';
$string['award:number'] = 'Număr';
$string['award:privatepage'] = 'Pagina dumneavoastră privată';
$string['award:renewable'] = 'Îl puteți reînnoi până la {$a}.';
$string['award:renewfrom'] = 'Poate fi reînnoit începând cu {$a}.';
$string['award:revoked'] = 'Revocat';
$string['award:revokedtext'] = 'Nu mai este valabil. Instituția care l-a emis vă poate spune de ce.';
$string['award:superseded'] = 'Înlocuit';
$string['award:supersededbynone'] = 'În locul lui este valabil un alt certificat.';
$string['award:supersededtext'] = 'În locul lui este valabil certificatul {$a}.';
$string['award:suspended'] = 'Suspendat';
$string['award:suspendedtext'] = 'Deocamdată nu este luat în considerare. Instituția care l-a emis vă poate spune de ce.';
$string['award:valid'] = 'Valabil';
$string['award:validnoend'] = 'Nu are dată de expirare.';
$string['award:validtext'] = 'Este valabil până la {$a}.';
$string['award:verify'] = 'Pagina de verificare, pentru oricine';
$string['baddraft'] = 'Zona de încărcare {$a->itemid} conține {$a->n} fișiere în loc de unul. Ea trebuie completată cu tokenul aceluiași cont.';
$string['badhash'] = 'Un hash trebuie să aibă 64 de cifre hexazecimale cu litere mici.';
$string['badkey'] = 'Cheia „{$a->key}” nu este permisă: între 1 și 100 de litere, cifre și . _ : / - începând cu o literă sau o cifră.';
$string['badlimit'] = 'Limita trebuie să fie între 1 și {$a->largest}.';
$string['badquestionfile'] = 'Fișierul cu întrebări nu poate fi folosit: {$a->words}';
$string['badtext'] = 'Moodle nu ar păstra „{$a->field}” așa cum a fost trimis: este gol, are spații în jur sau conține caractere ori etichete care sunt eliminate.';
$string['certificates'] = 'Certificate';
$string['certificatesnone'] = 'Nu există încă niciun certificat și niciunul nu este în curs.';
$string['certificatesof'] = 'Certificatele utilizatorului {$a}';
$string['completionlocked'] = 'Regulile de finalizare ale activității „{$a->key}” diferă, iar {$a->n} cursanți au înregistrări pe care o schimbare le-ar șterge sau le-ar data din nou.';
$string['criterialocked'] = 'Criteriile de finalizare ale cursului diferă, iar stabilirea lor ar șterge finalizările cursului pentru {$a->n} cursanți.';
$string['datamissing'] = 'Din date lipsește „{$a->field}”.';
$string['dataunknown'] = 'Datele conțin „{$a->field}”, care nu este cunoscut aici.';
$string['datavalue'] = 'Valoarea pentru „{$a->field}” nu este permisă. Permis: {$a->allowed}';
$string['deadpackage'] = 'Moodle nu poate lansa acest pachet, de aceea nu s-a schimbat nimic. {$a->words}';
$string['feedbackhasresponses'] = 'Întrebările chestionarului „{$a->key}” diferă, iar {$a->n} răspunsuri au fost date.';
$string['foreignquestion'] = 'Întrebarea „{$a->key}” aparține altcuiva sau se află în altă categorie de întrebări. Contului îi lipsește {$a->capability}.';
$string['hasgrades'] = 'Nota maximă a activității „{$a->key}” diferă, iar {$a->n} note au fost date.';
$string['headingsremoved'] = 'Titlurile secțiunilor din interiorul testului au fost eliminate, deoarece întrebările lui s-au schimbat.';
$string['lmssync:pull'] = 'Citește finalizările, notele și încercările pentru lms-sync';
$string['lmssync:push'] = 'Creează și modifică conținutul cursurilor cu lms-sync';
$string['lmssync:setcertificates'] = 'Arată persoanelor certificatele lor și ce le lipsește, pentru lms-sync';
$string['lmssync:viewcertificates'] = 'Vede certificatele altor persoane și ce le lipsește';
$string['locked'] = 'O altă scriere în acest curs este în desfășurare. Încercați din nou mai târziu.';
$string['mycertificates'] = 'Certificatele mele';
$string['noavailability'] = 'Accesul nu poate fi restricționat: restricțiile sunt dezactivate pe site.';
$string['nocompletion'] = 'Regulile de finalizare nu pot fi stabilite: urmărirea finalizării este dezactivată pentru curs sau pentru site.';
$string['nocourses'] = 'Lista cursurilor este goală.';
$string['nofile'] = 'Este nevoie de un fișier: încărcați-l și indicați zona lui temporară.';
$string['nosection'] = 'În acest curs nu există o secțiune cu cheia „{$a->key}”.';
$string['notenoughquestions'] = 'Din {$a->want} întrebări aleatorii din „{$a->category}” (etichete: {$a->tags}) există doar {$a->got}; nimeni nu ar putea începe acest test.';
$string['notenrolled'] = 'Utilizatorul {$a->id} nu este înscris la acest curs.';
$string['notjson'] = 'Datele nu sunt un obiect JSON: {$a->words}';
$string['notkept'] = 'Moodle nu a păstrat „{$a->field}” din „{$a->key}” așa cum a fost trimis, deci nu s-a schimbat nimic.';
$string['notquestions'] = 'Întrebările nu sunt o listă JSON de fluxuri, cu cursuri și cu un cursor sau numere de rânduri.';
$string['pluginname'] = 'lms-sync';
$string['privacy:metadata:certificates'] = 'Certificatele unei persoane și cerințele pentru cele în curs, așa cum le-a transmis clientul, pentru a fi arătate în profil.';
$string['privacy:metadata:certificates:data'] = 'Titlurile, numerele, datele și starea certificatelor, adresele paginilor lor și ce cerințe sunt îndeplinite sau lipsesc.';
$string['privacy:metadata:certificates:timemodified'] = 'Când le-a transmis clientul ultima dată.';
$string['privacy:metadata:certificates:userid'] = 'Persoana ale cărei certificate sunt.';
$string['privacy:metadata:client'] = 'Un client cu un token pentru serviciul „lmssync” citește fapte despre cursanți, pentru a raporta despre instruire și a emite certificate.';
$string['privacy:metadata:client:account'] = 'Numele de utilizator, numărul ID, metoda de autentificare și starea contului, pentru a-l potrivi cu lista instituției.';
$string['privacy:metadata:client:facts'] = 'Finalizări, note, încercări la teste cu rezultatul fiecărei întrebări (fără ce se scrie în eseuri), starea și scorul din pachetele SCORM, precum și răspunsurile la chestionare date cu nume.';
$string['privacy:metadata:client:userid'] = 'Identificatorul utilizatorului în Moodle.';
$string['privacy:metadata:log'] = 'Într-un jurnal: că ceva al unei persoane s-a schimbat într-un mod pe care rândul însuși nu îl arată, adică o ștergere sau o schimbare cu o dată anterioară.';
$string['privacy:metadata:log:stream'] = 'Ce fel de rezultat a fost șters sau schimbat.';
$string['privacy:metadata:log:timecreated'] = 'Când a fost șters sau schimbat.';
$string['privacy:metadata:log:userid'] = 'Persoana al cărei rezultat era.';
$string['privacy:metadata:object'] = 'Ce a fost trimis în cursuri și de către ce cont.';
$string['privacy:metadata:object:timemodified'] = 'Când a fost trimis obiectul ultima dată.';
$string['privacy:metadata:object:usermodified'] = 'Contul care a trimis obiectul ultima dată.';
$string['questionmissing'] = 'Din fișierul cu întrebări lipsesc: {$a->key}';
$string['questionrefused'] = 'Moodle a refuzat întrebarea „{$a->key}”, de aceea nu a fost salvată niciuna: {$a->words}';
$string['quizhasattempts'] = 'Întrebările testului „{$a->key}” diferă, iar {$a->n} cursanți au încercări.';
$string['requirement:met'] = 'Îndeplinit';
$string['requirement:missing'] = 'Lipsește';
$string['requirement:spare'] = 'Nu este necesar';
$string['stale'] = '„{$a->key}” nu este așa cum a fost văzut: se aștepta „{$a->expect}”, s-a găsit „{$a->live}”. Citiți starea din nou.';
$string['task:prunelog'] = 'Șterge rândurile vechi din jurnalul lms-sync';
$string['toolong'] = '„{$a->field}” are mai mult de {$a->limit} de caractere.';
$string['typefixed'] = 'Forumul „{$a->key}” este de tipul „{$a->got}” și nu poate deveni „{$a->want}”.';
$string['underway'] = 'În curs';
$string['underway:approved'] = 'Totul este îndeplinit și aprobat; certificatul urmează să fie emis.';
$string['underway:eligible'] = 'Totul este îndeplinit; se așteaptă aprobarea.';
$string['underway:missing'] = 'Cerințe care încă lipsesc: {$a}';
$string['underway:renewal'] = 'Reînnoire: {$a}';
$string['unknownactivity'] = 'În acest curs nu există o activitate cu cheia „{$a->key}”.';
$string['unknowncategory'] = 'În acest curs nu există o categorie de întrebări cu cheia „{$a->key}”.';
$string['unknowngroup'] = 'În acest curs nu există niciun grup cu cheia „{$a->key}”.';
$string['unknownmodule'] = 'Activitățile de tipul „{$a->modname}” nu pot fi trimise.';
$string['unknownquestion'] = 'În acest curs nu există o întrebare cu cheia „{$a->key}” gata de folosire.';
$string['unknownstream'] = 'Nu există fluxul „{$a->stream}”. Cunoscute: {$a->known}';
$string['unknowntag'] = 'Nicio întrebare de pe acest site nu are eticheta „{$a->tag}”.';
$string['wrongfile'] = 'Fișierul încărcat nu este cel anunțat: {$a->got} în loc de {$a->want}.';
$string['wrongmodule'] = 'Activitatea „{$a->key}” este de tipul {$a->got}, nu {$a->want}.';
$string['wrongpackage'] = 'Fișierul încărcat nu este pachetul anunțat: SHA-1 {$a->got} în loc de {$a->want}.';
