-- Names of places without the words that tell their kind. Scalar macros; NULL for NULL.
-- Forms seen in the classifier and in extracts: с.о. с.о с/о с.о.X «X с.о.» а.о. с.а. а.ә. п.а. к.ә. г.а. қ.ә. р.а.,
-- район р-н ауданы,
-- область облысы, с. а. село ауылы, г. қ. город қаласы, п. к. поселок кенті, ст. рзд. уч. отг., им. атын.
-- Costly (about 5 µs a value): take them over distinct values.

-- Lower case, Kazakh letters as Russian ones, single spaces, brackets and their content dropped.
create or replace macro _place_text(t) as
    trim(regexp_replace(regexp_replace(
        translate(lower(homoglyphs_to_cyrillic(t)), 'ёәғқңөұүһіќєѕґўїјћ«»"', 'еагкноуухикгноууах   '),
        '\([^)]*\)?', ' ', 'g'), '[\s\pZ,;]+', ' ', 'g'));

create or replace macro _place_lead(t) as
    regexp_replace(
        t,
        '^(?:(?:[саг] ?[./] ?о|[скагпр]\. ?а)(?:\. ?| )'
        || '|(?:с|а|п|г|к|ст|рзд|уч|отг|пос|обл|им|ж|пгт)\. ?'
        || '|(?:село|аул|ауыл|поселок|пос|кент|город|гор|кала|район|р-н|область|обл|станция|разъезд'
        || '|участок|сельский округ|имени|им|о/о)[ .]+)',
        ''
    );

create or replace macro _place_tail(t) as
    regexp_replace(
        t,
        '(?:^|[ .])(?:[саг] ?[./]? ?о|[скагпр]\. ?а|сельск[а-я]+ округ[а-я]*|ауылдык округи?'
        || '|(?:поселков|сельск|городск)[а-я]+ администраци[а-я]+|каласынын акимдиги|акимдиги'
        || '|р-н|район[а-я]*|аудан[ы]?|обл|облысы?|область|село|аул|ауылы?|поселок|пос|кенти?|город|каласы?'
        || '|станция|стансасы|разъезд|разъези|участок|атындагы|атын|ат|с|а|п|г|к|ж|ст|рзд|уч)[ .]*$',
        ''
    );

-- 'Шелекский с.о.', 'с.о. Шелекский', 'ШЕЛЕКСКИЙ С/О' → 'шелекский'; 'с. Шелек', 'Шелек ауылы' → 'шелек'.
create or replace macro place_key(t) as
    nullif(regexp_replace(
        _place_lead(_place_lead(_place_tail(_place_tail(_place_text(t))))), '[^\pL\pN]+|[ьъ]+', '', 'g'
    ), '');

-- The kind in the words of the classifier's Russian names: с.о. с.а. п.а. г.а. р.а. район область г. с. п. ст. рзд.
-- уч. отг.; else NULL.
-- Қ.Ә. (city) and К.Ә. (settlement) differ by one letter, so the Kazakh letters are kept here.
create or replace macro place_kind(t) as
    list_transform([lower(trim(regexp_replace(kazakh_letters(t), '[\s\pZ]+', ' ', 'g')))], lambda v: case
        when regexp_matches(v, '^(?:с|а)\. ?о(?:\. ?| )|^с/о |[ .](?:с|а) ?[./]? ?о ?\.?$|^(?:с|а)\.о\.?$')
            or regexp_matches(v, 'сельский округ|ауылдық округ') then 'с.о.'
        when regexp_matches(v, '^с\. ?а(?:\. ?| )|[ .](?:с\. ?а|а\. ?ә)\.?$') then 'с.а.'
        when regexp_matches(v, '^п\. ?а(?:\. ?| )|[ .](?:п\. ?а|к\. ?ә)\.?$') then 'п.а.'
        when regexp_matches(v, '^г\. ?а(?:\. ?| )|[ .](?:г\. ?а|қ\. ?ә)\.?$') then 'г.а.'
        when regexp_matches(v, '^р\. ?а(?:\. ?| )|[ .]р\. ?а\.?$') then 'р.а.'
        when regexp_matches(v, '(?:^|[ .])(?:район|р-н|ауданы?)(?:$|[ .])') then 'район'
        when regexp_matches(v, '(?:^|[ .])(?:область|обл|облысы?)(?:$|[ .])') then 'область'
        when regexp_matches(v, '^(?:г\.|город |қ\.)|[ .](?:қ\.?|қаласы)$') then 'г.'
        when regexp_matches(v, '^рзд|[ .]рзд\.?$|^разъезд ') then 'рзд.'
        when regexp_matches(v, '^ст\.|^станция |[ .](?:ст\.?|стансасы)$') then 'ст.'
        when regexp_matches(v, '^уч\.|[ .]уч\.?$') then 'уч.'
        when regexp_matches(v, '^отг\.|[ .]ж\.?$') then 'отг.'
        when regexp_matches(v, '^(?:п\.|пос\.|поселок |посёлок )|[ .](?:к\.?|кенті)$') then 'п.'
        when regexp_matches(v, '^(?:с\.|село |а\.|ауыл )|[ .](?:а\.?|ауылы?|село)$') then 'с.'
    end)[1];
