"""How times are written where no template says otherwise, as in the admin: to the second, and as the pages do."""

DATETIME_FORMAT = "Y-m-d H:i:s"
