-- Grain: row of business_register that is a school or a clinic. Key: _file, _record.
-- Inputs: source_business_register, source_education, source_clinic_attachment.
select
    b.*,
    f.facility_key
from source_business_register as b
inner join (
    select distinct
        school_bin as bin,
        'school ' || school_bin as facility_key
    from source_education
    union all
    select distinct
        clinic_bin as bin,
        'clinic ' || clinic_bin as facility_key
    from source_clinic_attachment
) as f on b.bin = f.bin
