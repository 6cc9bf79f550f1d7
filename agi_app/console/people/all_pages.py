"""The pages of people: contacts and their lists, consents, persons called, stops, complaints."""

from agi_app.console.people import (
    complaint_forms,
    complaints,
    consents,
    contact,
    contact_changes,
    contacts,
    imports,
    person_changes,
    persons,
    recordings,
    stops,
)

PAGES = (
    *contacts.pages.declared,
    *contact.pages.declared,
    *contact_changes.pages.declared,
    *recordings.pages.declared,
    *imports.pages.declared,
    *persons.pages.declared,
    *person_changes.pages.declared,
    *stops.pages.declared,
    *consents.pages.declared,
    *complaint_forms.pages.declared,  # before those of a case, whose number would stand where their names do
    *complaints.pages.declared,
)
