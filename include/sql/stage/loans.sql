-- Grain: application for a loan. Key: application_number. Inputs: typed (loans).
select
    application_number,
    district_name,
    okrug_name,
    kato,
    applicant_number,
    iin_or_bin_kind(applicant_number) as applicant_number_kind,
    case when bin_is_valid(applicant_number) then applicant_number end as applicant_bin,
    person_key(applicant_number) as applicant_key,
    applicant_name,
    applied_on,
    case
        when regexp_matches(lower(purpose), 'скотов|овцев|конев|птице|мал шар|қой|жылқы|құс') then 'livestock'
        when regexp_matches(lower(purpose), 'теплиц|овощ|жылыжай|көкөніс') then 'crops'
        when regexp_matches(lower(purpose), 'переработ|қайта өңдеу') then 'processing'
        when regexp_matches(lower(purpose), 'услуг|қызмет') then 'services'
    end as purpose,
    purpose as purpose__text,
    asked_kzt,
    case
        when regexp_matches(lower(decision), '^одобр|^мақұл') then 'approved'
        when regexp_matches(lower(decision), '^отказ|^бас тарт') then 'refused'
        when regexp_matches(lower(decision), '^на рассм|^қарал') then 'review'
    end as decision,
    decided_on,
    case
        when regexp_matches(lower(refusal_reason), 'залог|кепіл') then 'no_collateral'
        when regexp_matches(lower(refusal_reason), 'кредитн|несие') then 'credit_history'
        when regexp_matches(lower(refusal_reason), 'документ|құжат') then 'documents'
        when regexp_matches(lower(refusal_reason), 'средств|қаражат') then 'no_funds'
        when refusal_reason is not null then 'other'
    end as refusal_reason,
    lent_kzt,
    lent_kzt__text,
    term_months,
    jobs,
    ${row_origin}
from typed
