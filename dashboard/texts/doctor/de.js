// What the health check finds and advises, by the words of the server, in German. The first that fits
// counts.

export const texts = {
  "{path} does not exist": "{path} gibt es nicht",
  "{path} cannot be written: {error}": "In {path} kann nicht geschrieben werden: {error}",
  "not known": "nicht bekannt",
  "only the owner can read secrets": "Nur der Besitzer kann Geheimnisse lesen",
  "other users can read secrets or change data":
    "Andere Benutzer können Geheimnisse lesen oder Daten ändern",
  "{n} MiB free, {n2} of {n3} inodes free": "{n} MiB frei, {n2} von {n3} Inodes frei",
  "{n} MiB free": "{n} MiB frei",
  "{kind}: in memory": "{kind}: im Arbeitsspeicher",
  "overlay: inside a container's own layer": "overlay: in der eigenen Schicht eines Containers",
  "{kind}: over a network or another program": "{kind}: über ein Netz oder ein anderes Programm",
  "there is no mallard.sqlite yet": "mallard.sqlite gibt es noch nicht",
  "schema version {v}: the next start raises it to {v2}":
    "Schemaversion {v}: Der nächste Start hebt sie auf {v2}",
  "schema version {v}": "Schemaversion {v}",
  "{n} files of the catalog are missing": "Fehlende Dateien des Katalogs: {n}",
  "events in the lake cannot be read: {files}; erasures that wait for files: {erasures}":
    "Ereignisse im Lake, die nicht lesbar sind: {files}; Löschungen, die auf Dateien warten: {erasures}",
  "events in the lake cannot be read: {files}":
    "Ereignisse im Lake, die nicht lesbar sind: {files}",
  "{path} cannot be read: {error}": "{path} kann nicht gelesen werden: {error}",
  "erasures that wait for files: {erasures}": "Löschungen, die auf Dateien warten: {erasures}",
  "{n} corrupt files are in quarantine": "Beschädigte Dateien in Quarantäne: {n}",
  "{n} files are not counted": "Dateien, die nicht gezählt werden: {n}",
  "no file is corrupt or missing": "Keine Datei ist beschädigt oder fehlt",
  "no files yet": "noch keine Dateien",
  "{n} files in {n2} partitions, up to {n3} in one":
    "Dateien: {n}, Partitionen: {n2}, in einer bis zu {n3}",
  "{n} files in {n2} partitions": "Dateien: {n}, Partitionen: {n2}",
  "events are refused: the journal cannot be written":
    "Ereignisse werden abgelehnt: Das Journal kann nicht geschrieben werden",
  "{n} events wait to be written to Parquet, and writing fails":
    "Ereignisse, die auf das Schreiben in Parquet warten: {n}; das Schreiben misslingt",
  "{n} events wait to be written to Parquet":
    "Ereignisse, die auf das Schreiben in Parquet warten: {n}",
  "no backups are configured": "Es sind keine Sicherungen eingerichtet",
  "into {dir}; asked when the server runs": "nach {dir}; wird geprüft, wenn der Server läuft",
  "there is none yet": "Es gibt noch keine",
  "the last one has {n} faults": "Fehler in der letzten: {n}",
  "the last one is {n} hours old and holds {n2} events":
    "Alter der letzten in Stunden: {n}; Ereignisse darin: {n2}",
  "the last one is {n} hours old": "Alter der letzten in Stunden: {n}",
  "{time} is far from what is on record: nothing expires":
    "{time} ist weit von allem Aufgezeichneten entfernt: Nichts läuft ab",
  "{time}; there is no event to compare it with": "{time}; es gibt kein Ereignis zum Vergleich",
  "{time}, but the newest event is of {newest}":
    "{time}, aber das neueste Ereignis ist von {newest}",
  "{time}; the newest event is of {newest}": "{time}; das neueste Ereignis ist von {newest}",
  "{n} MiB of the control group, {n2} MiB in all; DuckDB {n3} MiB":
    "{n} MiB der Kontrollgruppe, {n2} MiB insgesamt; DuckDB {n3} MiB",
  "{n} MiB of the control group, {n2} MiB in all; DuckDB by itself":
    "{n} MiB der Kontrollgruppe, {n2} MiB insgesamt; DuckDB bestimmt selbst",
  "{n} MiB; DuckDB {n2} MiB": "{n} MiB; DuckDB {n2} MiB",
  "{n} MiB; DuckDB by itself": "{n} MiB; DuckDB bestimmt selbst",
  "{n} at most": "höchstens {n}",
  "MALLARD_SECRET is short: with fewer than {n} bytes visitor ids can be recomputed from addresses":
    "MALLARD_SECRET ist kurz: Mit weniger als {n} Byte lassen sich Besucher-IDs aus Adressen berechnen",
  "MALLARD_ADMIN_PASSWORD is short: with fewer than {n} characters it can be guessed":
    "MALLARD_ADMIN_PASSWORD ist kurz: Mit weniger als {n} Zeichen lässt es sich erraten",
  "{name} is short": "{name} ist kurz",
  "long enough": "lang genug",
  "set by MALLARD_ADMIN_PASSWORD": "durch MALLARD_ADMIN_PASSWORD gesetzt",
  "set in the dashboard": "im Dashboard gesetzt",
  "none is set: statistics are open to everybody":
    "keines gesetzt: Die Statistik ist für alle offen",
  "switched off": "ausgeschaltet",
  "built in, countries alone, {n} days old": "eingebaut, nur Länder; Alter in Tagen: {n}",
  "{path}: {type}, {n} days old": "{path}: {type}; Alter in Tagen: {n}",
  "plain SQL": "einfaches SQL",
  "there is no extension at {path}": "Unter {path} ist keine Erweiterung",
  "the extension; asked when the server runs":
    "die Erweiterung; wird geprüft, wenn der Server läuft",
  "any free one": "irgendein freier",
  "{address}, answered by process {pid}": "{address}, es antwortet Prozess {pid}",
  "{address} is free": "{address} ist frei",
  "none: a proxy or plain HTTP": "keines: ein Proxy oder einfaches HTTP",
  "there is no file {path}": "Es gibt keine Datei {path}",
  "{path} is no certificate: {error}": "{path} ist kein Zertifikat: {error}",
  "{path} ended {n} days ago": "{path} ist abgelaufen; seitdem vergangene Tage: {n}",
  "{path} ends in {n} days": "{path} läuft ab; verbleibende Tage: {n}",
  "not asked: dashboard_origin is not set": "nicht geprüft: dashboard_origin ist nicht gesetzt",
  "asked when the server runs": "wird geprüft, wenn der Server läuft",
  "{origin} does not answer: {error}": "{origin} antwortet nicht: {error}",
  "{origin} answers {status}, but not from this server":
    "{origin} antwortet mit {status}, aber nicht von diesem Server",
  "{origin} reaches this server without a proxy": "{origin} erreicht diesen Server ohne Proxy",
  "{origin} reaches this server; no proxy names a client":
    "{origin} erreicht diesen Server; kein Proxy nennt einen Client",
  "the proxy does not name its clients: all visitors have one address":
    "Der Proxy nennt seine Clients nicht: Alle Besucher haben eine Adresse",
  "the proxy at {peer} names its clients, but is not trusted":
    "Der Proxy unter {peer} nennt seine Clients, aber ihm wird nicht vertraut",
  "the proxy sends Host: {host}": "Der Proxy sendet Host: {host}",
  "the proxy at {peer} sends {headers}": "Der Proxy unter {peer} sendet {headers}",
  "{url} answers {status} as {type}": "{url} antwortet mit {status} als {type}",
  "this could not be checked: {error}": "Das konnte nicht geprüft werden: {error}",
  "the server makes it at its first start; if there should be data, check data_dir and whether its disk is mounted":
    "Der Server legt ihn beim ersten Start an; falls Daten da sein sollten, prüfen Sie data_dir und ob die Platte eingehängt ist",
  "give the folder and all in it to the user of the server (chown -R), and check that its disk is not mounted read-only":
    "Geben Sie den Ordner mit allem darin dem Benutzer des Servers (chown -R), und prüfen Sie, dass die Platte nicht nur lesbar eingehängt ist",
  "free space, enlarge the disk, or set retention_days; a full disk refuses events":
    "Schaffen Sie Platz, vergrößern Sie die Platte, oder setzen Sie retention_days; eine volle Platte lehnt Ereignisse ab",
  "move data_dir to a disk: all is lost at the next boot":
    "Legen Sie data_dir auf eine Platte: Beim nächsten Neustart ist alles verloren",
  "mount a volume at data_dir: the data is lost with the container":
    "Hängen Sie ein Volume bei data_dir ein: Die Daten gehen mit dem Container verloren",
  "keep data_dir on a local disk: SQLite needs locks and fsync that hold":
    "Behalten Sie data_dir auf einer lokalen Platte: SQLite braucht verlässliche Sperren und fsync",
  "run the program that wrote it, or a newer one":
    "Starten Sie das Programm, das sie geschrieben hat, oder ein neueres",
  "stop the server and restore the newest backup, or start it: it salvages what it can":
    "Halten Sie den Server an und stellen Sie die neueste Sicherung wieder her, oder starten Sie ihn: Er rettet, was er kann",
  "bring them back from a backup or mount their disk; the server reads them by itself":
    "Holen Sie sie aus einer Sicherung zurück, oder hängen Sie ihre Platte ein; der Server liest sie von selbst",
  "mallard lake verify names the files: put them back from the bucket's versions, then erase again what waits":
    "mallard lake verify nennt die Dateien: Holen Sie sie aus den Versionen des Buckets zurück, dann löschen Sie erneut, was wartet",
  "restore them from a backup, then: mallard quarantine list, restore or drop":
    "Stellen Sie sie aus einer Sicherung wieder her, dann: mallard quarantine list, restore oder drop",
  "run mallard adopt: it says why": "Starten Sie mallard adopt: Es sagt, warum",
  "they should have been merged: look for compaction_failures in /metrics and in the log":
    "Sie hätten zusammengelegt werden sollen: Suchen Sie compaction_failures in /metrics und im Log",
  "see data_dir and space": "siehe data_dir und freier Platz",
  "the log says why: space, rights or a full disk":
    "Das Log sagt, warum: Platz, Rechte oder eine volle Platte",
  "start the server, or lower flush_interval_secs":
    "Starten Sie den Server, oder verringern Sie flush_interval_secs",
  "set backup_dir and backup_interval_hours, or run mallard backup DIR by a timer":
    "Setzen Sie backup_dir und backup_interval_hours, oder starten Sie mallard backup DIR durch einen Timer",
  "set it right, and make a backup in the dashboard":
    "Beheben Sie das, und machen Sie eine Sicherung im Dashboard",
  "make one in the dashboard, under Data": "Machen Sie eine im Dashboard, unter Daten",
  "make another one": "Machen Sie noch eine",
  "the log says why the schedule did not keep":
    "Das Log sagt, warum der Zeitplan nicht gehalten wurde",
  "set the clock (timedatectl set-ntp true); if it is right: mallard expiry allow":
    "Stellen Sie die Uhr (timedatectl set-ntp true); wenn sie richtig geht: mallard expiry allow",
  "lower memory_limit: it is more than the process may use":
    "Verringern Sie memory_limit: Es ist mehr, als der Prozess nutzen darf",
  "lower memory_limit to half: the rest of the process needs memory, too":
    "Verringern Sie memory_limit auf die Hälfte: Auch der übrige Prozess braucht Speicher",
  "give it 512 MiB: with less, reports over many events may fail":
    "Geben Sie ihm 512 MiB: Mit weniger können Berichte über viele Ereignisse scheitern",
  "LimitNOFILE=65536 in the unit, or --ulimit nofile=65536":
    "LimitNOFILE=65536 in der Unit, oder --ulimit nofile=65536",
  "set a longer one: openssl rand -hex 32": "Setzen Sie ein längeres: openssl rand -hex 32",
  "set MALLARD_SECRET: openssl rand -hex 32; visitors of today are counted twice once":
    "Setzen Sie MALLARD_SECRET: openssl rand -hex 32; die Besucher von heute werden einmalig doppelt gezählt",
  "set one in the dashboard": "Setzen Sie eines im Dashboard",
  "upgrade, or set geoip_db_path": "Aktualisieren Sie das Programm, oder setzen Sie geoip_db_path",
  "replace it by a newer one": "Ersetzen Sie sie durch eine neuere",
  "check geoip_db_path; countries come from the built-in database until then":
    "Prüfen Sie geoip_db_path; bis dahin kommen die Länder aus der eingebauten Datenbank",
  "check behavioral_extension_path": "Prüfen Sie behavioral_extension_path",
  'name a file of the extension, or set behavioral = "sql"':
    'Nennen Sie eine Datei der Erweiterung, oder setzen Sie behavioral = "sql"',
  "stop the program that uses it (ss -ltnp), or choose another port":
    "Beenden Sie das Programm, das ihn benutzt (ss -ltnp), oder wählen Sie einen anderen Port",
  "check tls_cert_path": "Prüfen Sie tls_cert_path",
  "renew it and send SIGHUP": "Erneuern Sie es und senden Sie SIGHUP",
  "check the name, the proxy and its certificate; a server that must not reach its own name may ignore this":
    "Prüfen Sie den Namen, den Proxy und sein Zertifikat; ein Server, der seinen eigenen Namen nicht erreichen darf, kann das übergehen",
  "check where the proxy forwards to, and base_path":
    "Prüfen Sie, wohin der Proxy weiterleitet, und base_path",
  'send X-Forwarded-For, as in "{line}"': "Senden Sie X-Forwarded-For, wie in „{line}“",
  "add {peer} to trusted_proxies": "Fügen Sie {peer} zu trusted_proxies hinzu",
  'send the name that was asked for, as in "{line}"':
    "Senden Sie den angefragten Namen, wie in „{line}“",
  "let the proxy pass this path as it is":
    "Lassen Sie den Proxy diesen Pfad unverändert durchreichen",
  "check port, proxy and firewall": "Prüfen Sie Port, Proxy und Firewall",
  "see what it says, and run doctor again": "Lesen Sie, was dort steht, und prüfen Sie noch einmal",
};
