"""Mail: `outbox` keeps what is to be sent, `letters` says what stands in it, `links` makes and reads its tokens."""
