-- Who reads what is missing in a snapshot, the daily report, and alarms.

grant select on
    ledger.daily_report, ledger.daily_report_mail, ledger.alarm, ledger.alarm_sending
to auyl_engineer;
grant select on serving.snapshot_missing to auyl_reader;
