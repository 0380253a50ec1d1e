// Verifies credentials with @digitalbazaar/vc and its Bitstring status list, many in one process, without network.
//
// In (standard input), JSON: `contexts`, an object of JSON-LD contexts by address; `cases`, a list of objects with
// `credential`, `now` (an instant) and `documents`, what the world answers at which address (DID documents, lists).
// Out (standard output), JSON: for each case `verified`, `errors` (messages), `revoked` (from statusResult, or null).
import {readFileSync} from 'node:fs';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {verifyCredential} from '@digitalbazaar/vc';

const MULTIKEY = 'https://w3id.org/security/multikey/v1';
const {contexts, cases} = JSON.parse(readFileSync(0, 'utf8'));

function found(url, document) {
  return {contextUrl: null, documentUrl: url, document, tag: 'static'};
}

// A key stands in the DID document under its whole address; it is found there only, never in the credential.
function loaderOf(documents) {
  return async url => {
    const known = contexts[url] ?? documents[url];
    if(known !== undefined) return found(url, known);
    const [did, fragment] = url.split('#');
    const key = fragment && documents[did]?.verificationMethod?.find(({id}) => id === url);
    if(key) return found(url, {'@context': MULTIKEY, ...key});
    throw new Error(`Nothing is published at ${url}.`);
  };
}

function messagesOf(error) {
  if(!error) return [];
  return [error.message, ...[...(error.errors ?? []), error.cause].filter(Boolean).flatMap(messagesOf)];
}

async function verdict({credential, documents, now}) {
  const documentLoader = loaderOf(documents);
  const suite = new DataIntegrityProof({cryptosuite});
  const result = await verifyCredential({
    credential, suite, documentLoader, now,
    checkStatus: options => checkStatus({...options, verifyBitstringStatusListCredential: true})
  });
  const status = result.statusResult;
  return {
    verified: result.verified,
    errors: [...messagesOf(result.error), ...messagesOf(status?.error)],
    revoked: status?.results?.length ? status.results.some(one => one.status) : null
  };
}

const verdicts = [];
for(const one of cases) verdicts.push(await verdict(one));
process.stdout.write(JSON.stringify(verdicts));
