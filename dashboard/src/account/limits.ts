/** What the gateway asks of a password, told before somebody types one. */
export const PASSWORD_CHARACTERS_MIN = 10;
