-- A refusal is a rule with values; its sentence is rendered from agi_app/model/reason_catalogue.py. Rows of before stay as
-- they are sealed: they have `text`, an English sentence, in the place of `values` and `case`.
COMMENT ON COLUMN decision.reasons IS
    '[{rule, values, case, try_again_at}], what is empty left out; before migration 0050: [{rule, text, try_again_at}]';
COMMENT ON COLUMN guard_call.decision IS
    'of a reason: {rule, family, weight, values, case}; before migration 0050 with en and zh in the place of values';
