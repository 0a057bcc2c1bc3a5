"""What people are told of pools; declared by the notifications, which lie higher."""

SOON, TAKEN = "recycled_soon", "recycled"
