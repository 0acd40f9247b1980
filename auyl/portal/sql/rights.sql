-- grain: subject, with the okrugs of it that the principal may read
-- key: subject
select
    s.subject,
    access.allowed(access.readers_of(s.subject)) as katos
from unnest(%(subjects)s) as s (subject);
