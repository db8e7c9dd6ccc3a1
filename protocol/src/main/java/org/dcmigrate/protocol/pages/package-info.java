/**
 * Bookkeeping of a guest's pages: which version of each a peer holds ({@link
 * org.dcmigrate.protocol.pages.PageTable}), sets of pages ({@link
 * org.dcmigrate.protocol.pages.PageSet}), digests of pages and memory ({@link
 * org.dcmigrate.protocol.pages.PageDigest}), and the source's rule for generations ({@link
 * org.dcmigrate.protocol.pages.GenerationCounter}).
 */
@NullMarked
package org.dcmigrate.protocol.pages;

import org.jspecify.annotations.NullMarked;
