-- Evidence of consents as it is compared: `E6`, full-width `ｅ6` and `e 6` are one proof. What was written stays in the row, and rows
-- of before count by the same words without a change. It says itself what lower case is, so that an index on it does not depend
-- on the locale of a server: decomposed as Unicode says (NFKD), small letters of the alphabets that have them (ß is ss), and without
-- white space and characters that nobody sees.
CREATE FUNCTION evidence_key(evidence text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(regexp_replace(replace(replace(translate(normalize(evidence, NFKD) COLLATE "C",
        'ABCDEFGHIJKLMNOPQRSTUVWXYZÆÐØÞĐĦŁŊŒŦƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƢƤƦƧƩƬƮƱƲƳƵƷƸƼǤǶǷȜȠȢȤȺȻȽȾɁɃɄɅɆɈɊɌɎͰͲͶͿΑΒΓΔΕΖ'
        'ΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺѼѾҀҊҌҎҐҒҔҖ'
        'ҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ',
        'abcdefghijklmnopqrstuvwxyzæðøþđħłŋœŧɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵƣƥʀƨʃƭʈʊʋƴƶʒƹƽǥƕƿȝƞȣȥⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱͳͷϳαβγδεζ'
        'ηθικλμνξοπρστυφχψωσϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻѽѿҁҋҍҏґғҕҗ'
        'ҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'), 'ß', 'ss'), 'ẞ', 'ss'),
        '[\u0001-\u0020\u007F-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F\u2000-\u200F\u2028-\u202F'
        '\u205F-\u206F\u3000\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U000E0000-\U000E0FFF]+', '', 'g'), '')
$$;

DROP INDEX consent_reference;
CREATE INDEX consent_reference ON consent USING hash (evidence_key(evidence));

-- As in 0055_webhooks.sql, and which of the contact's numbers was called.
CREATE OR REPLACE FUNCTION webhook_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    result_is bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoint WHERE types && '{*,attempt.ended,answer.saved}'::text[]) THEN
        RETURN NULL;
    END IF;
    result_is := (SELECT max(result_id) FROM result WHERE attempt_id = NEW.attempt_id);
    PERFORM webhook_tell('attempt.ended', jsonb_build_object(
        'attempt', NEW.attempt_id, 'contact', NEW.contact_id, 'person', NEW.person_id, 'campaign', NEW.campaign,
        'number_place', NEW.number_place, 'outcome', NEW.outcome), 'result', result_is);
    IF NEW.disposition IS NOT NULL OR NEW.answers <> '{}' THEN
        PERFORM webhook_tell('answer.saved', jsonb_build_object(
            'attempt', NEW.attempt_id, 'contact', NEW.contact_id, 'person', NEW.person_id, 'campaign', NEW.campaign,
            'number_place', NEW.number_place,
            'disposition', NEW.disposition, 'answers', ARRAY(SELECT jsonb_object_keys(NEW.answers) ORDER BY 1)),
            'result', result_is);
    END IF;
    RETURN NULL;
END $$;
