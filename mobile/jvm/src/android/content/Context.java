package android.content;

/** Stands in for the one class of Android that generated code names. */
public abstract class Context {}
