/**
 * Stands in for the types of AndroidX's monitor that Robolectric is compiled against, as far as its
 * runner uses them.
 */
package androidx.test;
