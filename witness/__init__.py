"""An independent SIP carrier and a judge: what leaves Asterisk is compared with what agi-app says of it.

Nothing of agi_app is imported here: the product is only spoken to by its documented commands and by SIP and RTP.
"""
