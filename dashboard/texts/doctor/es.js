// What the health check finds and advises, by the words of the server, in Spanish. The first that fits
// counts.

export const texts = {
  "{path} does not exist": "{path} no existe",
  "{path} cannot be written: {error}": "no se puede escribir en {path}: {error}",
  "not known": "no se sabe",
  "only the owner can read secrets": "solo el propietario puede leer los secretos",
  "other users can read secrets or change data":
    "otros usuarios pueden leer los secretos o cambiar los datos",
  "{n} MiB free, {n2} of {n3} inodes free": "{n} MiB libres, {n2} de {n3} inodos libres",
  "{n} MiB free": "{n} MiB libres",
  "{kind}: in memory": "{kind}: en memoria",
  "overlay: inside a container's own layer": "overlay: en la capa propia de un contenedor",
  "{kind}: over a network or another program": "{kind}: a través de una red u otro programa",
  "there is no mallard.sqlite yet": "mallard.sqlite aún no existe",
  "schema version {v}: the next start raises it to {v2}":
    "versión de esquema {v}: el próximo arranque la sube a {v2}",
  "schema version {v}": "versión de esquema {v}",
  "{n} files of the catalog are missing": "archivos del catálogo que faltan: {n}",
  "events in the lake cannot be read: {files}; erasures that wait for files: {erasures}":
    "eventos del lake que no se pueden leer: {files}; eliminaciones que esperan archivos: {erasures}",
  "events in the lake cannot be read: {files}": "eventos del lake que no se pueden leer: {files}",
  "{path} cannot be read: {error}": "no se puede leer {path}: {error}",
  "erasures that wait for files: {erasures}": "eliminaciones que esperan archivos: {erasures}",
  "{n} corrupt files are in quarantine": "archivos dañados en cuarentena: {n}",
  "{n} files are not counted": "archivos que no se cuentan: {n}",
  "no file is corrupt or missing": "no hay archivos dañados ni faltan archivos",
  "no files yet": "aún no hay archivos",
  "{n} files in {n2} partitions, up to {n3} in one":
    "archivos: {n}, particiones: {n2}, hasta {n3} en una",
  "{n} files in {n2} partitions": "archivos: {n}, particiones: {n2}",
  "events are refused: the journal cannot be written":
    "se rechazan eventos: no se puede escribir el diario",
  "{n} events wait to be written to Parquet, and writing fails":
    "eventos a la espera de escribirse en Parquet: {n}; la escritura falla",
  "{n} events wait to be written to Parquet": "eventos a la espera de escribirse en Parquet: {n}",
  "no backups are configured": "no hay copias de seguridad configuradas",
  "into {dir}; asked when the server runs": "en {dir}; se comprueba cuando el servidor funciona",
  "there is none yet": "aún no hay ninguna",
  "the last one has {n} faults": "fallos en la última: {n}",
  "the last one is {n} hours old and holds {n2} events":
    "antigüedad de la última en horas: {n}; eventos: {n2}",
  "the last one is {n} hours old": "antigüedad de la última en horas: {n}",
  "{time} is far from what is on record: nothing expires":
    "{time} está lejos de lo registrado: nada caduca",
  "{time}; there is no event to compare it with":
    "{time}; no hay ningún evento con el que compararla",
  "{time}, but the newest event is of {newest}":
    "{time}, pero el evento más reciente es de {newest}",
  "{time}; the newest event is of {newest}": "{time}; el evento más reciente es de {newest}",
  "{n} MiB of the control group, {n2} MiB in all; DuckDB {n3} MiB":
    "{n} MiB del grupo de control, {n2} MiB en total; DuckDB {n3} MiB",
  "{n} MiB of the control group, {n2} MiB in all; DuckDB by itself":
    "{n} MiB del grupo de control, {n2} MiB en total; DuckDB decide por sí mismo",
  "{n} MiB; DuckDB {n2} MiB": "{n} MiB; DuckDB {n2} MiB",
  "{n} MiB; DuckDB by itself": "{n} MiB; DuckDB decide por sí mismo",
  "{n} at most": "{n} como máximo",
  "MALLARD_SECRET is short: with fewer than {n} bytes visitor ids can be recomputed from addresses":
    "MALLARD_SECRET es corto: con menos de {n} bytes, los ID de visitante se pueden calcular a partir de las direcciones",
  "MALLARD_ADMIN_PASSWORD is short: with fewer than {n} characters it can be guessed":
    "MALLARD_ADMIN_PASSWORD es corta: con menos de {n} caracteres se puede adivinar",
  "{name} is short": "{name} es corto",
  "long enough": "lo bastante largos",
  "set by MALLARD_ADMIN_PASSWORD": "definida por MALLARD_ADMIN_PASSWORD",
  "set in the dashboard": "definida en el panel",
  "none is set: statistics are open to everybody":
    "no hay ninguna: las estadísticas están abiertas a todos",
  "switched off": "desactivado",
  "built in, countries alone, {n} days old": "integrada, solo países; antigüedad en días: {n}",
  "{path}: {type}, {n} days old": "{path}: {type}; antigüedad en días: {n}",
  "plain SQL": "SQL sin extensión",
  "there is no extension at {path}": "no hay ninguna extensión en {path}",
  "the extension; asked when the server runs":
    "la extensión; se comprueba cuando el servidor funciona",
  "any free one": "cualquiera libre",
  "{address}, answered by process {pid}": "{address}, responde el proceso {pid}",
  "{address} is free": "{address} está libre",
  "none: a proxy or plain HTTP": "ninguno: un proxy o HTTP sin cifrar",
  "there is no file {path}": "no existe el archivo {path}",
  "{path} is no certificate: {error}": "{path} no es un certificado: {error}",
  "{path} ended {n} days ago": "{path} ha caducado; días transcurridos: {n}",
  "{path} ends in {n} days": "{path} caduca; días restantes: {n}",
  "not asked: dashboard_origin is not set": "sin comprobar: dashboard_origin no está definido",
  "asked when the server runs": "se comprueba cuando el servidor funciona",
  "{origin} does not answer: {error}": "{origin} no responde: {error}",
  "{origin} answers {status}, but not from this server":
    "{origin} responde {status}, pero no desde este servidor",
  "{origin} reaches this server without a proxy": "{origin} llega a este servidor sin proxy",
  "{origin} reaches this server; no proxy names a client":
    "{origin} llega a este servidor; ningún proxy indica un cliente",
  "the proxy does not name its clients: all visitors have one address":
    "el proxy no indica sus clientes: todos los visitantes tienen la misma dirección",
  "the proxy at {peer} names its clients, but is not trusted":
    "el proxy {peer} indica sus clientes, pero no es de confianza",
  "the proxy sends Host: {host}": "el proxy envía Host: {host}",
  "the proxy at {peer} sends {headers}": "el proxy {peer} envía {headers}",
  "{url} answers {status} as {type}": "{url} responde {status} como {type}",
  "this could not be checked: {error}": "no se ha podido comprobar: {error}",
  "the server makes it at its first start; if there should be data, check data_dir and whether its disk is mounted":
    "el servidor la crea en su primer arranque; si debería haber datos, comprueba data_dir y que su disco esté montado",
  "give the folder and all in it to the user of the server (chown -R), and check that its disk is not mounted read-only":
    "asigna la carpeta y su contenido al usuario del servidor (chown -R) y comprueba que su disco no esté montado en solo lectura",
  "free space, enlarge the disk, or set retention_days; a full disk refuses events":
    "libera espacio, amplía el disco o define retention_days; un disco lleno rechaza eventos",
  "move data_dir to a disk: all is lost at the next boot":
    "mueve data_dir a un disco: todo se pierde al reiniciar",
  "mount a volume at data_dir: the data is lost with the container":
    "monta un volumen en data_dir: los datos se pierden con el contenedor",
  "keep data_dir on a local disk: SQLite needs locks and fsync that hold":
    "mantén data_dir en un disco local: SQLite necesita bloqueos y fsync fiables",
  "run the program that wrote it, or a newer one":
    "ejecuta el programa que la escribió o uno más reciente",
  "stop the server and restore the newest backup, or start it: it salvages what it can":
    "para el servidor y restaura la última copia, o arráncalo: recupera lo que puede",
  "bring them back from a backup or mount their disk; the server reads them by itself":
    "recupéralos de una copia o monta su disco; el servidor los lee por sí mismo",
  "mallard lake verify names the files: put them back from the bucket's versions, then erase again what waits":
    "mallard lake verify nombra los archivos: recupéralos de las versiones del bucket y elimina de nuevo lo que espera",
  "restore them from a backup, then: mallard quarantine list, restore or drop":
    "restáuralos desde una copia y después: mallard quarantine list, restore o drop",
  "run mallard adopt: it says why": "ejecuta mallard adopt: dice por qué",
  "they should have been merged: look for compaction_failures in /metrics and in the log":
    "deberían haberse fusionado: busca compaction_failures en /metrics y en el registro",
  "see data_dir and space": "consulta data_dir y el espacio libre",
  "the log says why: space, rights or a full disk":
    "el registro dice por qué: espacio, permisos o disco lleno",
  "start the server, or lower flush_interval_secs":
    "arranca el servidor o reduce flush_interval_secs",
  "set backup_dir and backup_interval_hours, or run mallard backup DIR by a timer":
    "define backup_dir y backup_interval_hours, o ejecuta mallard backup DIR con un temporizador",
  "set it right, and make a backup in the dashboard": "corrígelo y haz una copia en el panel",
  "make one in the dashboard, under Data": "haz una en el panel, en Datos",
  "make another one": "haz otra",
  "the log says why the schedule did not keep": "el registro dice por qué no se cumplió el horario",
  "set the clock (timedatectl set-ntp true); if it is right: mallard expiry allow":
    "ajusta el reloj (timedatectl set-ntp true); si está bien: mallard expiry allow",
  "lower memory_limit: it is more than the process may use":
    "reduce memory_limit: supera lo que el proceso puede usar",
  "lower memory_limit to half: the rest of the process needs memory, too":
    "reduce memory_limit a la mitad: el resto del proceso también necesita memoria",
  "give it 512 MiB: with less, reports over many events may fail":
    "dale 512 MiB: con menos, los informes de muchos eventos pueden fallar",
  "LimitNOFILE=65536 in the unit, or --ulimit nofile=65536":
    "LimitNOFILE=65536 en la unidad, o --ulimit nofile=65536",
  "set a longer one: openssl rand -hex 32": "define uno más largo: openssl rand -hex 32",
  "set MALLARD_SECRET: openssl rand -hex 32; visitors of today are counted twice once":
    "define MALLARD_SECRET: openssl rand -hex 32; los visitantes de hoy se cuentan dos veces una vez",
  "set one in the dashboard": "define una en el panel",
  "upgrade, or set geoip_db_path": "actualiza el programa o define geoip_db_path",
  "replace it by a newer one": "sustitúyela por una más reciente",
  "check geoip_db_path; countries come from the built-in database until then":
    "comprueba geoip_db_path; hasta entonces, los países salen de la base integrada",
  "check behavioral_extension_path": "comprueba behavioral_extension_path",
  'name a file of the extension, or set behavioral = "sql"':
    'indica un archivo de la extensión o define behavioral = "sql"',
  "stop the program that uses it (ss -ltnp), or choose another port":
    "para el programa que lo usa (ss -ltnp) o elige otro puerto",
  "check tls_cert_path": "comprueba tls_cert_path",
  "renew it and send SIGHUP": "renuévalo y envía SIGHUP",
  "check the name, the proxy and its certificate; a server that must not reach its own name may ignore this":
    "comprueba el nombre, el proxy y su certificado; un servidor que no debe llegar a su propio nombre puede ignorarlo",
  "check where the proxy forwards to, and base_path":
    "comprueba adónde reenvía el proxy y base_path",
  'send X-Forwarded-For, as in "{line}"': "envía X-Forwarded-For, como en «{line}»",
  "add {peer} to trusted_proxies": "añade {peer} a trusted_proxies",
  'send the name that was asked for, as in "{line}"':
    "envía el nombre solicitado, como en «{line}»",
  "let the proxy pass this path as it is": "deja que el proxy pase esta ruta sin cambios",
  "check port, proxy and firewall": "comprueba el puerto, el proxy y el cortafuegos",
  "see what it says, and run doctor again": "lee lo que dice y repite la comprobación",
};
