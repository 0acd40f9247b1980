-- Grain: event. Key: event_number. Inputs: typed (veterinary_events).
-- Numbers of animals are typed by hand, at times with Cyrillic letters that look like Latin ones.
select
    event_number,
    kind_name,
    case
        when regexp_matches(lower(kind_name), '^(вакцин|привив|егу)') then 'vaccination'
        when regexp_matches(lower(kind_name), '^(исслед|анализ|зертте)') then 'test'
        when regexp_matches(lower(kind_name), '^(очаг|вспыш|ауру ошағы)') then 'focus'
        when regexp_matches(lower(kind_name), '^(заявка|аулауға)') then 'catch_request'
        when regexp_matches(lower(kind_name), '^(отлов|аулау)') then 'catch'
        when regexp_matches(lower(kind_name), '^(укус|покус|тісте)') then 'bite'
    end as kind,
    requested_on,
    requested_on__text,
    done_on,
    done_on__text,
    translate(upper(animal_number), 'АВЕКМНРСТХ', 'ABEKMHPCTX') as animal_number,
    animal_name,
    disease,
    heads,
    result_name,
    case
        when regexp_matches(lower(result_name), '^(проведен|жүргізіл)') then 'done'
        when regexp_matches(lower(result_name), '^(отриц|теріс)') then 'negative'
        when regexp_matches(lower(result_name), '^(полож|оң)') then 'positive'
        when regexp_matches(lower(result_name), '^(активен|белсенді)') then 'active'
        when regexp_matches(lower(result_name), '^(оздоровл|снят|сауықтыр)') then 'lifted'
        when regexp_matches(lower(result_name), '^(исполнен|орындал)') then 'fulfilled'
        when regexp_matches(lower(result_name), '^(в работе|орындалуда)') then 'open'
        when regexp_matches(lower(result_name), '^(отказ|бас тарт)') then 'refused'
        when regexp_matches(lower(result_name), '^(в приют|баспана)') then 'sheltered'
        when regexp_matches(lower(result_name), '^(стерилиз)') then 'sterilised_and_released'
        when regexp_matches(lower(result_name), '^(обратил|оказана|көмек)') then 'helped'
    end as result,
    request_number,
    person_iin,
    iin_is_valid(person_iin) as is_person_iin_valid,
    person_key(person_iin) as person_key,
    district_name,
    okrug_name,
    kato,
    settlement_name,
    brigade,
    reported_on,
    strftime(reported_on, '%Y-%m') as month,
    ${row_origin}
from typed
