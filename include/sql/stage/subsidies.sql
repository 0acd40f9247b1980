-- Grain: application. Key: document_number. Inputs: typed (subsidies).
-- The serial at the end of a document's number has two to six digits; written as six it sorts and compares.
select
    regexp_replace(document_number, '[0-9]+$', '')
    || lpad(regexp_extract(document_number, '([0-9]{1,6})$', 1), 6, '0') as document_number,
    regexp_full_match(document_number, '[0-9]{4}-[0-9]{7}-[0-9]{2,6}') as is_document_number_wellformed,
    applicant_number,
    iin_or_bin_kind(applicant_number) as applicant_number_kind,
    case when bin_is_valid(applicant_number) then applicant_number end as applicant_bin,
    person_key(applicant_number) as applicant_key,
    applicant_name,
    case
        when regexp_matches(lower(category), 'племен|асыл тұқым') then 'breeding'
        when regexp_matches(lower(category), 'удобрен|тыңайтқыш') then 'fertiliser'
        when regexp_matches(lower(category), 'семен|тұқым шар') then 'seed'
        when regexp_matches(lower(category), 'инвест') then 'investment'
        when regexp_matches(lower(category), 'дизел') then 'fuel'
        when regexp_matches(lower(category), 'маточн|аналық') then 'breeding_stock'
        when regexp_matches(lower(category), 'поливн|суармалы') then 'irrigation'
    end as category,
    quantity,
    unit,
    amount_kzt,
    case lower(status)
        when 'новая' then 'new' when 'жаңа' then 'new'
        when 'на рассмотрении' then 'review' when 'қаралуда' then 'review'
        when 'одобрена' then 'approved' when 'мақұлданды' then 'approved'
        when 'отклонена' then 'refused' when 'қабылданбады' then 'refused'
        when 'исполнена' then 'paid' when 'орындалды' then 'paid'
        when 'отозвана' then 'withdrawn' when 'кері қайтарылды' then 'withdrawn'
    end as status,
    submitted_on,
    decided_on,
    refusal_reason,
    kato,
    district_name,
    ${row_origin}
from typed
