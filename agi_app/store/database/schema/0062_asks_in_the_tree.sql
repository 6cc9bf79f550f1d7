-- What is asked by the service, and how it was answered, is in the audit tree.
SELECT audit_watch('ask', 'ask', 'ask_id'), audit_watch('ask_answer', 'ask_answer', 'ask_id');
