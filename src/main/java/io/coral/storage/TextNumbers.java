package io.coral.storage;

import io.coral.model.Texts;
import java.util.Arrays;

/// What the strings of a batch's [Texts] are called in a partition's [Dictionary]. Batches mostly
/// share their texts, so that each string is looked up once. Of the store's writer thread.
final class TextNumbers {
  private final Texts texts;
  private final Dictionary dictionary;

  // The number plus one.
  private int[] ids = new int[64];

  TextNumbers(Texts texts, Dictionary dictionary) {
    this.texts = texts;
    this.dictionary = dictionary;
  }

  Texts texts() {
    return texts;
  }

  /// The dictionary's number of a string.
  ///
  /// @param text number in the batch's texts
  int idOf(int text) {
    if (text >= ids.length) {
      ids = Arrays.copyOf(ids, Math.max(2 * ids.length, text + 1));
    }
    int id = ids[text];
    if (id == 0) {
      id = dictionary.idOf(texts.text(text)) + 1;
      ids[text] = id;
    }
    return id - 1;
  }

  /// The dictionary's number of a string that is not among the texts.
  int idOf(String text) {
    return dictionary.idOf(text);
  }
}
