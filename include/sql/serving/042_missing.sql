-- Who reads what is missing in a snapshot.

grant select on serving.snapshot_missing to auyl_reader;
