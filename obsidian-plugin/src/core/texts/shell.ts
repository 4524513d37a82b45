/** What the status bar, the settings and the notices say. */
import type { Section } from "./section";

export const SHELL = {
  "status.ready": { en: "Sidecar: ready", pt: "Sidecar: pronto", es: "Sidecar: listo", it: "Sidecar: pronto", fr: "Sidecar : prêt" },
  "status.looking": { en: "Sidecar: connecting…", pt: "Sidecar: a ligar…", es: "Sidecar: conectando…", it: "Sidecar: connessione…", fr: "Sidecar : connexion…" },
  "status.offline": { en: "Sidecar: offline", pt: "Sidecar: desligado", es: "Sidecar: sin conexión", it: "Sidecar: non in linea", fr: "Sidecar : hors ligne" },
  "status.slow": { en: "Sidecar: not answering", pt: "Sidecar: sem resposta", es: "Sidecar: no responde", it: "Sidecar: non risponde", fr: "Sidecar : sans réponse" },
  "status.indexing": { en: "Sidecar: indexing {done} of {total}", pt: "Sidecar: a indexar {done} de {total}", es: "Sidecar: indexando {done} de {total}", it: "Sidecar: indicizzazione {done} di {total}", fr: "Sidecar : indexation {done} sur {total}" },
  "status.meaning": { en: "Sidecar: ready, still learning meanings ({percent} %)", pt: "Sidecar: pronto, ainda a aprender significados ({percent} %)", es: "Sidecar: listo, aún aprendiendo significados ({percent} %)", it: "Sidecar: pronto, sta ancora imparando i significati ({percent} %)", fr: "Sidecar : prêt, apprentissage du sens en cours ({percent} %)" },
  "status.rebuilding": { en: "Sidecar: rebuilding the index", pt: "Sidecar: a reconstruir o índice", es: "Sidecar: reconstruyendo el índice", it: "Sidecar: ricostruzione dell’indice", fr: "Sidecar : reconstruction de l’index" },
  "status.paused": { en: "Sidecar: indexing paused, {done} of {total}", pt: "Sidecar: indexação em pausa, {done} de {total}", es: "Sidecar: indexación en pausa, {done} de {total}", it: "Sidecar: indicizzazione in pausa, {done} di {total}", fr: "Sidecar : indexation en pause, {done} sur {total}" },
  "status.attention": {
    en: { one: "Sidecar: ready, {count} thing to look at", other: "Sidecar: ready, {count} things to look at" },
    pt: { one: "Sidecar: pronto, {count} aviso", many: "Sidecar: pronto, {count} de avisos", other: "Sidecar: pronto, {count} avisos" },
    es: { one: "Sidecar: listo, {count} aviso", many: "Sidecar: listo, {count} de avisos", other: "Sidecar: listo, {count} avisos" },
    it: { one: "Sidecar: pronto, {count} avviso", many: "Sidecar: pronto, {count} di avvisi", other: "Sidecar: pronto, {count} avvisi" },
    fr: { one: "Sidecar : prêt, {count} avertissement", many: "Sidecar : prêt, {count} d’avertissements", other: "Sidecar : prêt, {count} avertissements" },
  },
  "status.closed": { en: "Sidecar: this vault cannot be read", pt: "Sidecar: não é possível ler este cofre", es: "Sidecar: no se puede leer esta bóveda", it: "Sidecar: questo vault non è leggibile", fr: "Sidecar : ce coffre ne peut pas être lu" },
  "status.other_vault": { en: "Sidecar: this vault is not served", pt: "Sidecar: este cofre não está no servidor", es: "Sidecar: esta bóveda no está en el servidor", it: "Sidecar: questo vault non è nel server", fr: "Sidecar : ce coffre n’est pas sur le serveur" },
  "status.several_vaults": { en: "Sidecar: several vaults have this name", pt: "Sidecar: vários cofres têm este nome", es: "Sidecar: varias bóvedas tienen este nombre", it: "Sidecar: più vault hanno questo nome", fr: "Sidecar : plusieurs coffres portent ce nom" },
  "status.key": { en: "Sidecar: key needed", pt: "Sidecar: falta a chave", es: "Sidecar: falta la clave", it: "Sidecar: serve la chiave", fr: "Sidecar : clé requise" },
  "status.unproven": { en: "Sidecar: server not recognised", pt: "Sidecar: servidor não reconhecido", es: "Sidecar: servidor no reconocido", it: "Sidecar: server non riconosciuto", fr: "Sidecar : serveur non reconnu" },
  "status.forbidden": { en: "Sidecar: not allowed", pt: "Sidecar: sem permissão", es: "Sidecar: sin permiso", it: "Sidecar: non consentito", fr: "Sidecar : non autorisé" },
  "status.host": { en: "Sidecar: address not accepted", pt: "Sidecar: endereço não aceite", es: "Sidecar: dirección no aceptada", it: "Sidecar: indirizzo non accettato", fr: "Sidecar : adresse refusée" },
  "status.shape": { en: "Sidecar: versions do not match", pt: "Sidecar: versões incompatíveis", es: "Sidecar: versiones incompatibles", it: "Sidecar: versioni incompatibili", fr: "Sidecar : versions incompatibles" },
  "status.problem": { en: "Sidecar: problem", pt: "Sidecar: problema", es: "Sidecar: problema", it: "Sidecar: problema", fr: "Sidecar : problème" },
} satisfies Section;
