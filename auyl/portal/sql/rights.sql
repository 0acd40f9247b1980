-- grain: subject, with the okrugs of it that the principal may read
-- key: subject
select
    subject,
    katos
from access.rights(%(subjects)s);
