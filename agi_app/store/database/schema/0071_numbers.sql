-- Several numbers of one contact, in the order in which they are called. All are numbers of one person (person.same_as), so
-- that locks, caps and stops hold for all of them; contact.person_id is the number that is called next.
ALTER TABLE contact
    ADD COLUMN number_ids   bigint[],                    -- persons, in their order; null: the contact has one number
    ADD COLUMN number_kinds text[],                      -- of each, as the list says: mobile, home …
    ADD COLUMN number_place smallint NOT NULL DEFAULT 1, -- of person_id among them, from 1
    ADD COLUMN round_outcome text,                       -- of the number before, when the next one is called in its place
    ADD COLUMN held         boolean NOT NULL DEFAULT false; -- one of its numbers is shared by more persons than may be one
