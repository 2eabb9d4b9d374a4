"""What a call reaches outside of the telephone: databases, web services, mail, mailboxes. Ports and real parts."""
