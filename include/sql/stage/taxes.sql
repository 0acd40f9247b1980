-- Grain: payer, code of payment and month. Key: payer_number, kbk, kato, month. Inputs: typed (taxes).
-- A БИН names a firm and is public; a person or a sole trader is only a key here.
select
    payer_number,
    iin_or_bin_kind(payer_number) as payer_number_kind,
    case when bin_is_valid(payer_number) then payer_number end as payer_bin,
    person_key(payer_number) as payer_key,
    payer_name,
    case payer_kind
        when 'ФЛ' then 'citizen' when 'ИП' then 'sole_trader' when 'КХ' then 'farm' when 'ЮЛ' then 'legal_entity'
    end as payer_kind,
    payer_kind as payer_kind__text,
    kbk,
    case
        when kbk like '1012%' then 'income'
        when kbk like '1041%' then 'property'
        when kbk like '1043%' then 'land'
        when kbk like '1044%' then 'vehicle'
        when kbk like '1045%' then 'single_land'
    end as tax,
    tax_office,
    kato,
    parse_month(month) as month,
    accrued_kzt,
    paid_kzt,
    arrears_kzt,
    last_paid_on,
    ${row_origin}
from typed
