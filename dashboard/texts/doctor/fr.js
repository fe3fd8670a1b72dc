// What the health check finds and advises, by the words of the server, in French. The first that fits
// counts.

export const texts = {
  "{path} does not exist": "{path} n’existe pas",
  "{path} cannot be written: {error}": "impossible d’écrire dans {path} : {error}",
  "not known": "inconnu",
  "only the owner can read secrets": "seul le propriétaire peut lire les secrets",
  "other users can read secrets or change data":
    "d’autres utilisateurs peuvent lire les secrets ou modifier les données",
  "{n} MiB free, {n2} of {n3} inodes free": "{n} Mio libres, {n2} inodes libres sur {n3}",
  "{n} MiB free": "{n} Mio libres",
  "{kind}: in memory": "{kind} : en mémoire vive",
  "overlay: inside a container's own layer": "overlay : dans la couche propre d’un conteneur",
  "{kind}: over a network or another program": "{kind} : à travers un réseau ou un autre programme",
  "there is no mallard.sqlite yet": "mallard.sqlite n’existe pas encore",
  "schema version {v}: the next start raises it to {v2}":
    "version de schéma {v} : le prochain démarrage la porte à {v2}",
  "schema version {v}": "version de schéma {v}",
  "{n} files of the catalog are missing": "fichiers du catalogue manquants : {n}",
  "events in the lake cannot be read: {files}; erasures that wait for files: {erasures}":
    "événements du lake illisibles : {files} ; effacements qui attendent des fichiers : {erasures}",
  "events in the lake cannot be read: {files}": "événements du lake illisibles : {files}",
  "{path} cannot be read: {error}": "impossible de lire {path} : {error}",
  "erasures that wait for files: {erasures}": "effacements qui attendent des fichiers : {erasures}",
  "{n} corrupt files are in quarantine": "fichiers endommagés en quarantaine : {n}",
  "{n} files are not counted": "fichiers non comptés : {n}",
  "no file is corrupt or missing": "aucun fichier n’est endommagé ni manquant",
  "no files yet": "aucun fichier pour l’instant",
  "{n} files in {n2} partitions, up to {n3} in one":
    "fichiers : {n}, partitions : {n2}, jusqu’à {n3} dans une seule",
  "{n} files in {n2} partitions": "fichiers : {n}, partitions : {n2}",
  "events are refused: the journal cannot be written":
    "les événements sont refusés : impossible d’écrire le journal",
  "{n} events wait to be written to Parquet, and writing fails":
    "événements en attente d’écriture en Parquet : {n} ; l’écriture échoue",
  "{n} events wait to be written to Parquet": "événements en attente d’écriture en Parquet : {n}",
  "no backups are configured": "aucune sauvegarde n’est configurée",
  "into {dir}; asked when the server runs": "dans {dir} ; vérifié quand le serveur tourne",
  "there is none yet": "il n’y en a pas encore",
  "the last one has {n} faults": "défauts dans la dernière : {n}",
  "the last one is {n} hours old and holds {n2} events":
    "âge de la dernière en heures : {n} ; événements : {n2}",
  "the last one is {n} hours old": "âge de la dernière en heures : {n}",
  "{time} is far from what is on record: nothing expires":
    "{time} est loin de ce qui est enregistré : rien n’expire",
  "{time}; there is no event to compare it with": "{time} ; aucun événement pour comparer",
  "{time}, but the newest event is of {newest}":
    "{time}, mais l’événement le plus récent date de {newest}",
  "{time}; the newest event is of {newest}": "{time} ; l’événement le plus récent date de {newest}",
  "{n} MiB of the control group, {n2} MiB in all; DuckDB {n3} MiB":
    "{n} Mio du groupe de contrôle, {n2} Mio en tout ; DuckDB {n3} Mio",
  "{n} MiB of the control group, {n2} MiB in all; DuckDB by itself":
    "{n} Mio du groupe de contrôle, {n2} Mio en tout ; DuckDB décide lui-même",
  "{n} MiB; DuckDB {n2} MiB": "{n} Mio ; DuckDB {n2} Mio",
  "{n} MiB; DuckDB by itself": "{n} Mio ; DuckDB décide lui-même",
  "{n} at most": "{n} au plus",
  "MALLARD_SECRET is short: with fewer than {n} bytes visitor ids can be recomputed from addresses":
    "MALLARD_SECRET est court : sous {n} octets, les identifiants de visiteurs se recalculent à partir des adresses",
  "MALLARD_ADMIN_PASSWORD is short: with fewer than {n} characters it can be guessed":
    "MALLARD_ADMIN_PASSWORD est court : sous {n} caractères, il se devine",
  "{name} is short": "{name} est court",
  "long enough": "assez longs",
  "set by MALLARD_ADMIN_PASSWORD": "défini par MALLARD_ADMIN_PASSWORD",
  "set in the dashboard": "défini dans le tableau de bord",
  "none is set: statistics are open to everybody":
    "aucun n’est défini : les statistiques sont ouvertes à tous",
  "switched off": "désactivé",
  "built in, countries alone, {n} days old": "intégrée, pays seulement ; âge en jours : {n}",
  "{path}: {type}, {n} days old": "{path} : {type} ; âge en jours : {n}",
  "plain SQL": "SQL simple",
  "there is no extension at {path}": "aucune extension à {path}",
  "the extension; asked when the server runs": "l’extension ; vérifiée quand le serveur tourne",
  "any free one": "n’importe lequel de libre",
  "{address}, answered by process {pid}": "{address}, le processus {pid} répond",
  "{address} is free": "{address} est libre",
  "none: a proxy or plain HTTP": "aucun : un proxy ou HTTP simple",
  "there is no file {path}": "il n’y a pas de fichier {path}",
  "{path} is no certificate: {error}": "{path} n’est pas un certificat : {error}",
  "{path} ended {n} days ago": "{path} a expiré ; jours écoulés : {n}",
  "{path} ends in {n} days": "{path} expire ; jours restants : {n}",
  "not asked: dashboard_origin is not set": "non vérifié : dashboard_origin n’est pas défini",
  "asked when the server runs": "vérifié quand le serveur tourne",
  "{origin} does not answer: {error}": "{origin} ne répond pas : {error}",
  "{origin} answers {status}, but not from this server":
    "{origin} répond {status}, mais pas depuis ce serveur",
  "{origin} reaches this server without a proxy": "{origin} atteint ce serveur sans proxy",
  "{origin} reaches this server; no proxy names a client":
    "{origin} atteint ce serveur ; aucun proxy ne nomme de client",
  "the proxy does not name its clients: all visitors have one address":
    "le proxy ne nomme pas ses clients : tous les visiteurs ont la même adresse",
  "the proxy at {peer} names its clients, but is not trusted":
    "le proxy {peer} nomme ses clients, mais n’est pas approuvé",
  "the proxy sends Host: {host}": "le proxy envoie Host : {host}",
  "the proxy at {peer} sends {headers}": "le proxy {peer} envoie {headers}",
  "{url} answers {status} as {type}": "{url} répond {status} en {type}",
  "this could not be checked: {error}": "vérification impossible : {error}",
  "the server makes it at its first start; if there should be data, check data_dir and whether its disk is mounted":
    "le serveur le crée à son premier démarrage ; s’il devait y avoir des données, vérifiez data_dir et que son disque est monté",
  "give the folder and all in it to the user of the server (chown -R), and check that its disk is not mounted read-only":
    "attribuez le dossier et son contenu à l’utilisateur du serveur (chown -R), et vérifiez que son disque n’est pas monté en lecture seule",
  "free space, enlarge the disk, or set retention_days; a full disk refuses events":
    "libérez de l’espace, agrandissez le disque ou définissez retention_days ; un disque plein refuse les événements",
  "move data_dir to a disk: all is lost at the next boot":
    "placez data_dir sur un disque : tout est perdu au prochain démarrage de la machine",
  "mount a volume at data_dir: the data is lost with the container":
    "montez un volume sur data_dir : les données disparaissent avec le conteneur",
  "keep data_dir on a local disk: SQLite needs locks and fsync that hold":
    "gardez data_dir sur un disque local : SQLite a besoin de verrous et d’un fsync fiables",
  "run the program that wrote it, or a newer one":
    "lancez le programme qui l’a écrit, ou un plus récent",
  "stop the server and restore the newest backup, or start it: it salvages what it can":
    "arrêtez le serveur et restaurez la dernière sauvegarde, ou démarrez-le : il récupère ce qu’il peut",
  "bring them back from a backup or mount their disk; the server reads them by itself":
    "récupérez-les d’une sauvegarde ou montez leur disque ; le serveur les relit de lui-même",
  "mallard lake verify names the files: put them back from the bucket's versions, then erase again what waits":
    "mallard lake verify nomme les fichiers : restaurez-les des versions du bucket, puis effacez de nouveau ce qui attend",
  "restore them from a backup, then: mallard quarantine list, restore or drop":
    "restaurez-les d’une sauvegarde, puis : mallard quarantine list, restore ou drop",
  "run mallard adopt: it says why": "lancez mallard adopt : il dit pourquoi",
  "they should have been merged: look for compaction_failures in /metrics and in the log":
    "ils auraient dû être fusionnés : cherchez compaction_failures dans /metrics et dans le journal du serveur",
  "see data_dir and space": "voyez data_dir et l’espace libre",
  "the log says why: space, rights or a full disk":
    "le journal du serveur dit pourquoi : espace, droits ou disque plein",
  "start the server, or lower flush_interval_secs":
    "démarrez le serveur, ou réduisez flush_interval_secs",
  "set backup_dir and backup_interval_hours, or run mallard backup DIR by a timer":
    "définissez backup_dir et backup_interval_hours, ou lancez mallard backup DIR par un minuteur",
  "set it right, and make a backup in the dashboard":
    "corrigez-le, et faites une sauvegarde dans le tableau de bord",
  "make one in the dashboard, under Data": "faites-en une dans le tableau de bord, sous Données",
  "make another one": "faites-en une autre",
  "the log says why the schedule did not keep":
    "le journal du serveur dit pourquoi l’horaire n’a pas été tenu",
  "set the clock (timedatectl set-ntp true); if it is right: mallard expiry allow":
    "réglez l’horloge (timedatectl set-ntp true) ; si elle est juste : mallard expiry allow",
  "lower memory_limit: it is more than the process may use":
    "réduisez memory_limit : il dépasse ce que le processus peut utiliser",
  "lower memory_limit to half: the rest of the process needs memory, too":
    "réduisez memory_limit à la moitié : le reste du processus a aussi besoin de mémoire",
  "give it 512 MiB: with less, reports over many events may fail":
    "donnez-lui 512 Mio : avec moins, les rapports sur beaucoup d’événements peuvent échouer",
  "LimitNOFILE=65536 in the unit, or --ulimit nofile=65536":
    "LimitNOFILE=65536 dans l’unité, ou --ulimit nofile=65536",
  "set a longer one: openssl rand -hex 32": "définissez-en un plus long : openssl rand -hex 32",
  "set MALLARD_SECRET: openssl rand -hex 32; visitors of today are counted twice once":
    "définissez MALLARD_SECRET : openssl rand -hex 32 ; les visiteurs d’aujourd’hui comptent double une fois",
  "set one in the dashboard": "définissez-en un dans le tableau de bord",
  "upgrade, or set geoip_db_path": "mettez le programme à jour, ou définissez geoip_db_path",
  "replace it by a newer one": "remplacez-la par une plus récente",
  "check geoip_db_path; countries come from the built-in database until then":
    "vérifiez geoip_db_path ; d’ici là, les pays viennent de la base intégrée",
  "check behavioral_extension_path": "vérifiez behavioral_extension_path",
  'name a file of the extension, or set behavioral = "sql"':
    'indiquez un fichier de l’extension, ou définissez behavioral = "sql"',
  "stop the program that uses it (ss -ltnp), or choose another port":
    "arrêtez le programme qui l’utilise (ss -ltnp), ou choisissez un autre port",
  "check tls_cert_path": "vérifiez tls_cert_path",
  "renew it and send SIGHUP": "renouvelez-le et envoyez SIGHUP",
  "check the name, the proxy and its certificate; a server that must not reach its own name may ignore this":
    "vérifiez le nom, le proxy et son certificat ; un serveur qui ne doit pas atteindre son propre nom peut l’ignorer",
  "check where the proxy forwards to, and base_path": "vérifiez où le proxy transmet, et base_path",
  'send X-Forwarded-For, as in "{line}"': "envoyez X-Forwarded-For, comme dans « {line} »",
  "add {peer} to trusted_proxies": "ajoutez {peer} à trusted_proxies",
  'send the name that was asked for, as in "{line}"':
    "envoyez le nom demandé, comme dans « {line} »",
  "let the proxy pass this path as it is": "laissez le proxy transmettre ce chemin tel quel",
  "check port, proxy and firewall": "vérifiez le port, le proxy et le pare-feu",
  "see what it says, and run doctor again": "lisez ce qui est dit, puis relancez la vérification",
};
