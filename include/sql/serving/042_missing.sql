-- Who reads what is missing in a snapshot, and the daily report.

revoke all on serving.snapshot_missing from public, auyl_reader, auyl_engineer, auyl_portal;
revoke all on ledger.daily_report, ledger.daily_report_mail from public, auyl_reader, auyl_portal;
grant select on ledger.daily_report, ledger.daily_report_mail to auyl_engineer;
grant select on serving.snapshot_missing to auyl_reader;
