/** What a reader may begin with. */
export const SUGGESTIONS = ["Add buy milk tomorrow", "What is still open?", "Complete task 1", "Help"];
