package org.dcmigrate.peer.journal;

/**
 * Is told of each record that the journal writes. What comes after the record stands still until it
 * returns.
 *
 * <p>Records are named by who wrote them, their kind and their epoch, where they have one: {@code
 * source Granted 2}, {@code holder OwnedWith 2}, {@code seat Accept 2}, {@code source Ended}.
 */
public interface WriteObserver {
  /** Looks away. */
  WriteObserver NONE =
      new WriteObserver() {
        @Override
        public void writing(String record) {}

        @Override
        public void written(String record) {}
      };

  /** The record is about to be written. */
  void writing(String record);

  /** The record is on disk. */
  void written(String record);
}
